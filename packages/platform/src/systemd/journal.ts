import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { messageOf, type LogQuery, type ServiceScope } from '@mainstay/core';
import { platformErrors } from '../errors.ts';
import { noPrivilege } from './systemctl.ts';

const fields = ['MESSAGE', '_PID', '_SYSTEMD_UNIT', '_SYSTEMD_USER_UNIT', 'SYSLOG_IDENTIFIER'];

/** Arguments of `journalctl` for a unit's lines (journalctl(1)). */
export function journalArguments(unit: string, scope: ServiceScope, query: LogQuery): string[] {
  return [
    ...(scope === 'user' ? ['--user', `--user-unit=${unit}`] : [`--unit=${unit}`]),
    '--no-pager',
    '--output=json',
    `--output-fields=${fields.join(',')}`,
    '--all',
    '--quiet',
    `--lines=${Math.max(0, Math.trunc(query.lines))}`,
    ...(query.since === undefined ? [] : [`--since=@${Math.floor(query.since / 1000)}`]),
    ...(query.follow ? ['--follow'] : []),
  ];
}

/**
 * A line of `--output=json` as one of text: what the service wrote as it wrote it, what systemd says about the service
 * with the time and its name. Undefined for what is no entry. Pure.
 */
export function journalLine(json: string): string | undefined {
  let entry: unknown;
  try {
    entry = JSON.parse(json);
  } catch {
    return undefined;
  }
  if (typeof entry !== 'object' || entry === null) return undefined;
  const record = entry as Readonly<Record<string, unknown>>;
  const message = messageText(record['MESSAGE']);
  if (record['SYSLOG_IDENTIFIER'] !== 'systemd') return message;
  const time = Number(record['__REALTIME_TIMESTAMP']);
  const at = Number.isFinite(time) ? new Date(time / 1000).toISOString() : '';
  return `${at} systemd: ${message}`.trimStart();
}

/** Text, an array of bytes when it is not UTF-8, or null when it is too large (systemd.journal-fields(7)). */
export function messageText(message: unknown): string {
  if (typeof message === 'string') return message;
  return Array.isArray(message) ? Buffer.from(message as number[]).toString() : '';
}

/** The lines of a unit. Throws MANAGER_UNAVAILABLE without a journal, MANAGER_NO_PRIVILEGE when it cannot be read. */
export async function* readJournal(
  unit: string,
  scope: ServiceScope,
  query: LogQuery,
): AsyncGenerator<string> {
  for await (const line of runJournal(journalArguments(unit, scope, query), query.signal)) {
    const text = journalLine(line);
    if (text !== undefined) yield text;
  }
}

/** The lines of JSON that journalctl prints. Throws MANAGER_UNAVAILABLE, MANAGER_NO_PRIVILEGE. */
export async function* runJournal(
  args: readonly string[],
  signal: AbortSignal | undefined,
): AsyncGenerator<string> {
  signal?.throwIfAborted();
  const child = spawn('journalctl', args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, LC_ALL: 'C.UTF-8' },
  });
  const ended = new Promise<{ code: number | null } | { error: Error }>((resolve) => {
    child.once('error', (error) => resolve({ error }));
    child.once('close', (code) => resolve({ code }));
  });
  const kill = (): boolean => child.kill('SIGTERM');
  signal?.addEventListener('abort', kill, { once: true });
  let errors = '';
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => (errors = (errors + chunk).slice(-4000)));
  try {
    yield* createInterface({ input: child.stdout });
    const end = await ended;
    if (signal?.aborted) return;
    if ('error' in end) throw noJournal(messageOf(end.error));
    if (/insufficient permissions|permission denied/i.test(errors)) {
      throw noPrivilege(`journalctl ${args.slice(0, 1).join(' ')}`);
    }
    if (end.code !== 0) throw noJournal(errors.trim() || `journalctl ended with ${end.code}`);
  } finally {
    signal?.removeEventListener('abort', kill);
    kill();
  }
}

function noJournal(reason: string): Error {
  return platformErrors.error(
    'MANAGER_UNAVAILABLE',
    `No journal can be read: ${reason}; look at the files in the service's log directory`,
  );
}
