import type { AlertTarget } from '@mainstay/supervisor';

import { alertErrors } from '../errors.ts';
import { textOf } from './text.ts';
import type { AlertSink } from './types.ts';

/** Answers of which the next attempt would get the same: all 4xx but timeout and too many requests (RFC 9110). */
function isFinal(status: number): boolean {
  return status >= 400 && status < 500 && status !== 408 && status !== 429;
}

/** POSTs the alert as JSON; `text` is for Slack, Mattermost and what else understands their webhooks. */
export function webhookSink({ url, headers }: Extract<AlertTarget, { type: 'webhook' }>): AlertSink {
  return {
    // The path of such an address is often the secret.
    target: `webhook ${new URL(url).origin}`,
    async send(alert, signal) {
      const response = await fetch(url, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers },
        body: JSON.stringify({ text: textOf(alert), ...alert }),
        signal,
      });
      await response.body?.cancel();
      if (response.ok) return;
      throw alertErrors.error(
        'ALERT_REFUSED',
        `The webhook answered ${response.status} ${response.statusText}`.trimEnd(),
        { details: { isFinal: isFinal(response.status) } },
      );
    },
  };
}
