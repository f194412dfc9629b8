import { messageOf } from '@mainstay/core';
import type { AlertTarget } from '@mainstay/supervisor';

import { alertErrors } from '../errors.ts';
import type { AlertSink } from './types.ts';

/** A mail of plain text per alert; the library for it is loaded with the first. */
export function smtpSink({ url, from, to }: Extract<AlertTarget, { type: 'smtp' }>): AlertSink {
  const { hostname, port, password } = new URL(url);
  const secrets = [password, safeDecode(password)].filter((secret) => secret !== '');
  return {
    target: `smtp ${hostname}${port === '' ? '' : `:${port}`}`,
    async send(alert, signal) {
      const { sendMail } = await import('./mail.ts');
      try {
        await sendMail({ url, from, to, alert, signal });
      } catch (error) {
        const message = secrets.reduce((text, secret) => text.replaceAll(secret, '***'), messageOf(error));
        // The library's error is not passed on as cause: it holds the dialogue with the server.
        // RFC 5321, 4.2.1: 5yz is a permanent refusal.
        const code = (error as { responseCode?: unknown } | undefined)?.responseCode;
        // eslint-disable-next-line eslint/preserve-caught-error
        throw alertErrors.error(
          'ALERT_REFUSED',
          `The mail server ${hostname} did not take the alert: ${message}`,
          {
            details: { isFinal: typeof code === 'number' && code >= 500 },
          },
        );
      }
    },
  };
}

function safeDecode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
