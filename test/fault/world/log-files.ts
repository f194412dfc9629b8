import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';

/** A line as a program wrote it, put together from the pieces on disk. */
export interface LoggedLine {
  readonly run: number;
  readonly stream: string;
  /** Milliseconds since the epoch. */
  readonly time: number;
  readonly text: string;
}

/** Pieces of lines in the container log format (CRI); not the product's own reader, which is what is tested. */
const piece = /^(\S+) (stdout|stderr) ([FP]):(\S+)\/(\d+)#(\d+) (.*)$/s;

/** Everything that is in the log of an instance, oldest file first. Throws on what is not a line of its format. */
export function readLogFiles(logs: string, service: string, instance = 0): readonly LoggedLine[] {
  const open = new Map<string, string>();
  const lines: LoggedLine[] = [];
  for (const file of filesOf(join(logs, service), instance)) {
    const raw = readFileSync(file);
    const text = (file.endsWith('.gz') ? gunzipSync(raw) : raw).toString('utf8');
    if (text === '') continue;
    if (!text.endsWith('\n')) throw new Error(`${file} ends in the middle of a line`);
    for (const line of text.slice(0, -1).split('\n')) {
      const [, time = '', stream = '', end, name, index, run, rest = ''] = piece.exec(line) ?? [];
      if (name !== service || Number(index) !== instance)
        throw new Error(`${file} holds a foreign line: ${line}`);
      const key = `${run}/${stream}`;
      const whole = (open.get(key) ?? '') + rest;
      if (end === 'P') open.set(key, whole);
      else {
        open.delete(key);
        lines.push({ run: Number(run), stream, time: Date.parse(time), text: whole });
      }
    }
  }
  for (const [key, text] of open) {
    const [run, stream = ''] = key.split('/');
    lines.push({ run: Number(run), stream, time: Number.NaN, text });
  }
  return lines;
}

/** By the numbers that rotation gives; the file that is still written comes last. */
export function filesOf(folder: string, instance: number): readonly string[] {
  if (!existsSync(folder)) return [];
  const numbered = readdirSync(folder).flatMap((name) => {
    const match = /^(\d+)(?:\.(\d+))?\.log(?:\.gz)?$/.exec(name);
    if (!match || Number(match[1]) !== instance) return [];
    return [{ name, number: match[2] === undefined ? Infinity : Number(match[2]) }];
  });
  numbered.sort((one, other) => one.number - other.number);
  // Compression writes the new file before it removes the old one.
  const kept = numbered.filter(
    ({ number }, at) => number === Infinity || numbered[at + 1]?.number !== number,
  );
  return kept.map(({ name }) => join(folder, name));
}
