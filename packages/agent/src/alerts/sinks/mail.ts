// Imports nodemailer, which is for the first mail only: this file is imported by `smtp.ts` when there is one.
import { createTransport } from 'nodemailer';

import type { Alert } from '../alert.ts';
import { subjectOf, textOf } from './text.ts';

/** Each step of the dialogue, in ms; the whole has the time limit of an attempt. */
const stepMs = 10_000;

export async function sendMail(options: {
  readonly url: string;
  readonly from: string;
  readonly to: readonly string[];
  readonly alert: Alert;
  readonly signal: AbortSignal;
}): Promise<void> {
  const { url, from, to, alert, signal } = options;
  const transport = createTransport({
    url,
    connectionTimeout: stepMs,
    greetingTimeout: stepMs,
    socketTimeout: stepMs,
  });
  const close = () => transport.close();
  signal.addEventListener('abort', close, { once: true });
  try {
    await transport.sendMail({
      from,
      to: [...to],
      subject: subjectOf(alert),
      text: textOf(alert),
      // RFC 3834: no vacation notices, please.
      headers: { 'Auto-Submitted': 'auto-generated', 'X-Mainstay-Alert': alert.key },
    });
  } finally {
    signal.removeEventListener('abort', close);
    transport.close();
  }
}
