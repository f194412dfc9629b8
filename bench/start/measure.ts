import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import process from 'node:process';

import type { Contender } from './contenders.ts';

/** Every contender prints a line with this when it is up. */
const readyMark = 'Service is up';

/** None of them may outlive a bench that fails or is interrupted. */
const running = new Set<ChildProcess>();
process.once('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));

export interface Started {
  readonly child: ChildProcess;
  /** Milliseconds from just before the spawn to the ready line. */
  readonly readyMs: number;
}

/** Starts a contender and waits until it says that it is up. */
export async function start(
  contender: Contender,
  env: Readonly<Record<string, string>>,
  cpu?: number,
): Promise<Started> {
  const [command, args] =
    cpu === undefined
      ? [contender.command, contender.args]
      : ['taskset', ['-c', String(cpu), contender.command, ...contender.args]];
  const begin = process.hrtime.bigint();
  const child = spawn(command, args, {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  running.add(child);
  child.once('close', () => running.delete(child));
  let output = '';
  const readyMs = await new Promise<number>((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code) =>
      reject(new Error(`${contender.name} ended with ${code} before it was up:\n${output}`)),
    );
    child.stdout.on('data', (chunk: Buffer) => {
      output += chunk.toString();
      if (output.includes(readyMark)) resolve(Number(process.hrtime.bigint() - begin) / 1e6);
    });
  });
  child.removeAllListeners('exit');
  return { child, readyMs };
}

export async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), 5000);
  await ended;
  clearTimeout(timer);
}

/** Milliseconds from just before the spawn to the exit. */
export async function runToExit(command: string, args: readonly string[]): Promise<number> {
  const begin = process.hrtime.bigint();
  const child = spawn(command, args, { stdio: 'ignore' });
  await once(child, 'exit');
  return Number(process.hrtime.bigint() - begin) / 1e6;
}

/**
 * Lets a file be read from the disk again, as after a boot; the first start, which is not counted, does. What a linker
 * or bundler has just written lies in the page cache in big pieces, and Linux maps more of those than a process touches:
 * 35 MiB of resident memory that no installed service has.
 */
export function asAfterBoot(file: string): void {
  execFileSync('sync', [file]);
  execFileSync('dd', [`if=${file}`, 'iflag=nocache', 'count=0', 'status=none']);
}

export interface Memory {
  readonly rssMiB: number;
  /** What the process has for itself: not shared with the file it runs from (proc(5), smaps_rollup). */
  readonly privateDirtyMiB: number;
}

export function memoryOf(pid: number): Memory {
  const rollup = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8');
  const field = (name: string): number =>
    Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(rollup)?.[1] ?? NaN) / 1024;
  return { rssMiB: field('Rss'), privateDirtyMiB: field('Private_Dirty') };
}
