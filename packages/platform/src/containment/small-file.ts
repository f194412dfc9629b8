import { closeSync, openSync, readSync, writeFileSync } from 'node:fs';

/** Files of cgroupfs and procfs that are read often are small: one page, seldom two. */
const buffer = Buffer.allocUnsafe(64 * 1024);

/**
 * Text of a file of cgroupfs or procfs, at most 64 KiB of it; undefined when it is not there or may not be read.
 * Synchronous and through one shared buffer: such a read takes microseconds, less than handing it to a thread.
 */
export function readSmallFile(path: string): string | undefined {
  let descriptor: number | undefined;
  try {
    descriptor = openSync(path, 'r');
    let length = 0;
    for (;;) {
      const count = readSync(descriptor, buffer, length, buffer.length - length, null);
      length += count;
      if (count === 0 || length === buffer.length) return buffer.toString('latin1', 0, length);
    }
  } catch {
    return undefined;
  } finally {
    if (descriptor !== undefined) closeSync(descriptor);
  }
}

/** Writes a setting; the reason when the kernel does not take it, undefined when it does. */
export function writeSetting(path: string, value: string): Error | undefined {
  try {
    writeFileSync(path, value);
    return undefined;
  } catch (error) {
    return error as Error;
  }
}

/** The number after a word at the start of a line, as in `oom_kill 3`; 0 when there is none. */
export function numberAfter(text: string | undefined, word: string): number {
  if (text === undefined) return 0;
  const at = text.startsWith(`${word} `) ? 0 : text.indexOf(`\n${word} `) + 1;
  if (at === 0 && !text.startsWith(`${word} `)) return 0;
  return Number.parseInt(text.slice(at + word.length + 1), 10) || 0;
}
