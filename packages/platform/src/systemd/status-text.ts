import type { LifecycleStatus, ServiceState } from '@mainstay/core';

/*
 * systemd knows neither a paused service nor a pending pause. The state word in front of STATUS= says it to people in
 * `systemctl status`, and to the manager side, which reads it back.
 */

const words: Readonly<Record<ServiceState, string>> = {
  'start-pending': 'Starting',
  running: 'Running',
  'pause-pending': 'Pausing',
  paused: 'Paused',
  'continue-pending': 'Resuming',
  'stop-pending': 'Stopping',
  stopped: 'Stopped',
};

const reloadingWord = 'Reloading';

/** systemd takes datagrams of up to 4096 bytes (NOTIFY_BUFFER_MAX); this leaves room for the other fields. */
const maxTextBytes = 2048;

export interface StatusText {
  readonly state: ServiceState;
  readonly reloading: boolean;
  readonly text: string;
}

/** `Paused: two orders in the queue`. */
export function formatStatusText(status: Pick<LifecycleStatus, 'state' | 'reloading' | 'text'>): string {
  const showsReload = status.reloading && status.state === 'running';
  const word = showsReload ? reloadingWord : words[status.state];
  const text = oneLine(status.text);
  return text ? `${word}: ${text}` : word;
}

/** The reverse; undefined for a text that no host of ours wrote. */
export function parseStatusText(line: string): StatusText | undefined {
  const [word = ''] = line.split(':', 1);
  const rest = line.slice(word.length);
  if (rest !== '' && !rest.startsWith(': ')) return undefined;
  const text = rest.slice(2);
  if (word === reloadingWord) return { state: 'running', reloading: true, text };
  const state = (Object.keys(words) as ServiceState[]).find((key) => words[key] === word);
  return state && { state, reloading: false, text };
}

/** A line break would begin the next field of the datagram. */
function oneLine(text: string): string {
  // oxlint-disable-next-line no-control-regex -- control characters are what is removed
  const line = text.replace(/[\u0000-\u001f\u007f]+/g, ' ').trim();
  const bytes = Buffer.from(line);
  if (bytes.length <= maxTextBytes) return line;
  // A character cut in half decodes to U+FFFD.
  return (
    bytes
      .subarray(0, maxTextBytes)
      .toString()
      .replace(/\uFFFD+$/, '') + '…'
  );
}
