import { spawn, type ChildProcess } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';

import type { Logger } from '@mainstay/core';

import { makeDirectories } from '../files/make-directories.ts';
import { guardianFile, guardianTitle } from './guardian-file.ts';
import { guardianScript } from './guardian-script.ts';
import { pipesDirectory } from './pipes-directory.ts';
import { tryUntil } from './patience.ts';
import { readSmallFile } from './small-file.ts';

export interface GuardianOptions {
  readonly name: string;
  /** The agent's runtime directory. */
  readonly directory: string;
  readonly cgroups: readonly string[];
  readonly log: Logger;
}

/** How long an earlier guardian may take to end what its agent ran, in milliseconds. */
const patienceMs = 30_000;

/**
 * A small process outside that ends everything when this one dies. It has a session of its own, so that what ends this
 * process by its group or terminal does not reach it, and is started again when somebody ends it.
 */
export class Guardian {
  readonly #options: GuardianOptions;
  readonly #runs = new Set<number>();
  #child: ChildProcess | undefined;
  #isClosed = false;

  constructor(options: GuardianOptions) {
    this.#options = options;
    makeDirectories(pipesDirectory(options.directory), { mode: 0o700 });
    this.#start();
  }

  get pid(): number | undefined {
    return this.#child?.pid;
  }

  /** The sessions of runs, where there are no cgroups. */
  add(run: number): void {
    this.#runs.add(run);
    this.#tell(`+${run}`);
  }

  delete(run: number): void {
    if (this.#runs.delete(run)) this.#tell(`-${run}`);
  }

  /** When everything has ended. Resolves when it is gone. */
  async close(): Promise<void> {
    this.#isClosed = true;
    const child = this.#child;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const gone = new Promise((resolve) => child.once('exit', resolve));
    child.ref();
    this.#tell('exit');
    await gone;
    rmSync(guardianFile(this.#options.directory), { force: true });
  }

  #start(): void {
    const { name, directory, cgroups, log } = this.#options;
    const child = spawn(
      '/bin/sh',
      ['-c', guardianScript, guardianTitle, name, pipesDirectory(directory), ...cgroups],
      {
        cwd: '/',
        // Nothing of ours that could be taken for a program of ours.
        env: { PATH: process.env.PATH ?? '/usr/sbin:/usr/bin:/sbin:/bin' },
        stdio: ['pipe', 'ignore', 'ignore'],
        detached: true,
      },
    );
    this.#child = child;
    child.stdin?.on('error', () => {
      // It has ended; `exit` says so.
    });
    child.on('error', (error) => log.error({ error }, 'The guardian cannot be started'));
    child.on('exit', () => {
      if (this.#isClosed || this.#child !== child) return;
      log.warn({ pid: child.pid }, 'The guardian has ended and is started again');
      this.#start();
    });
    child.unref();
    (child.stdin as { unref?: () => void } | null)?.unref?.();
    if (child.pid !== undefined) writeFileSync(guardianFile(directory), `${child.pid}\n`, { mode: 0o600 });
    for (const run of this.#runs) this.#tell(`+${run}`);
  }

  #tell(line: string): void {
    this.#child?.stdin?.write(`${line}\n`);
  }
}

/** Waits until the guardian of an earlier agent has done its work; false when it does not come to an end. */
export async function awaitEarlierGuardian(directory: string): Promise<boolean> {
  const pid = Number(readSmallFile(guardianFile(directory)) ?? 0);
  if (!Number.isSafeInteger(pid) || pid <= 0) return true;
  return await tryUntil(
    () => !(readSmallFile(`/proc/${pid}/cmdline`) ?? '').includes(`\0${guardianTitle}\0`),
    patienceMs,
  );
}
