import { open, readdir, stat } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import type { LogQuery } from '@mainstay/core';
import { platformErrors } from '../errors.ts';

/** Milliseconds between two looks at a file that is followed. */
const followMs = 250;
/** How far from its end a file is read at most. */
const maxBytes = 16 * 1024 * 1024;

/** Lines of the service's own log files, oldest first; the newest file goes on being read with `follow`. */
export async function* readLogs(name: string, directory: string, query: LogQuery): AsyncGenerator<string> {
  const files = await logFiles(name, directory);
  const past: string[] = [];
  let newest: { readonly path: string; position: number } | undefined;
  for (const { path, modified } of files) {
    if (past.length >= query.lines || modified < (query.since ?? 0)) break;
    const { text, size } = await tail(path);
    newest ??= { path, position: size };
    past.unshift(...linesOf(text).filter((line) => isSince(line, query.since)));
  }
  yield* past.slice(-query.lines);
  if (query.follow) yield* follow(name, directory, newest, query.signal);
}

async function* follow(
  name: string,
  directory: string,
  from: { readonly path: string; position: number } | undefined,
  signal: AbortSignal | undefined,
): AsyncGenerator<string> {
  let current = from;
  let rest = '';
  for (;;) {
    if (signal?.aborted) return;
    const newest = (await logFiles(name, directory))[0];
    if (newest && (newest.path !== current?.path || newest.size < current.position)) {
      current = { path: newest.path, position: 0 };
      rest = '';
    }
    if (current) {
      const { text, position } = await readFrom(current.path, current.position);
      current.position = position;
      const lines = (rest + text).split(/\r?\n/);
      rest = lines.pop() ?? '';
      yield* lines;
    }
    await sleep(followMs, undefined, signal ? { signal } : {}).catch(() => undefined);
  }
}

interface LogFile {
  readonly path: string;
  readonly size: number;
  readonly modified: number;
}

/** Newest first. */
async function logFiles(name: string, directory: string): Promise<LogFile[]> {
  let names: string[];
  try {
    names = await readdir(directory);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'ENOENT') return [];
    if (code !== 'EPERM' && code !== 'EACCES') throw error;
    throw platformErrors.error(
      'MANAGER_NO_PRIVILEGE',
      `The logs of ${name} in ${directory} can be read by administrators only; do it in a terminal that was opened as administrator`,
      { cause: error },
    );
  }
  const files: LogFile[] = [];
  for (const file of names.filter((candidate) => candidate.includes('.log'))) {
    const path = `${directory}\\${file}`;
    const stats = await stat(path).catch(() => undefined);
    if (stats?.isFile()) files.push({ path, size: stats.size, modified: stats.mtimeMs });
  }
  return files.sort((a, b) => b.modified - a.modified);
}

async function tail(path: string): Promise<{ text: string; size: number }> {
  const { size } = await stat(path);
  const { text, position } = await readFrom(path, Math.max(0, size - maxBytes));
  return { text, size: position };
}

async function readFrom(path: string, position: number): Promise<{ text: string; position: number }> {
  const file = await open(path, 'r');
  try {
    const { size } = await file.stat();
    const buffer = Buffer.alloc(Math.max(0, size - position));
    const { bytesRead } = await file.read(buffer, 0, buffer.length, position);
    // A line that is being written is left for the next look, so that no character is cut in two.
    const end = buffer.lastIndexOf(10, bytesRead - 1) + 1;
    return { text: buffer.toString('utf8', 0, end), position: position + end };
  } finally {
    await file.close();
  }
}

function linesOf(text: string): string[] {
  return text.split(/\r?\n/).filter((line) => line !== '');
}

/** Our own lines carry their time; one that cannot be read is kept. */
function isSince(line: string, since: number | undefined): boolean {
  if (since === undefined) return true;
  const time = /"(?:timestamp|time)":\s*"?([^",}]+)/.exec(line)?.[1];
  const at = time === undefined ? Number.NaN : /^\d+$/.test(time) ? Number(time) : Date.parse(time);
  return Number.isNaN(at) || at >= since;
}
