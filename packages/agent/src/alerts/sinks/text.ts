import type { Alert } from '../alert.ts';

const words: Readonly<Record<Alert['status'], string>> = {
  firing: 'Alert',
  resolved: 'Resolved',
  summary: 'Alerts',
  test: 'Test',
};

/** One line: subject of a mail, first line of a message. */
export function subjectOf({ status, title, host }: Alert): string {
  return `[${words[status]}] ${title} (${host})`.replaceAll(/[\r\n]+/g, ' ');
}

/** For people. */
export function textOf(alert: Alert): string {
  const times = alert.count > 1 ? [`Said ${alert.count} times`] : [];
  return [subjectOf(alert), alert.message, `Since ${alert.since}`, ...times].join('\n');
}
