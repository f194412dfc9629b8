import { spawnSync } from 'node:child_process';
import { chownSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';

import { makeDirectories } from '@mainstay/platform/directories';

import { runnerErrors } from '../runner/errors.ts';
import type { OutputStream } from '../output/types.ts';
import type { LeftoverOutput, RunId } from '../runner/types.ts';

/** Made at once when there is none, and so many more as there are: the command costs milliseconds, a pipe microseconds. */
const batch = 32;
/** Kept for the next runs at most. */
const maxSpare = 256;
const spareName = (number: number): string => `spare-${number}`;

/**
 * Named pipes of the runs. A name tells whose output is in it, so that the next agent can add what the guardian saved
 * of it to the right log. A pipe that has been read to its end serves the next run, of any service.
 */
export class FifoStore {
  readonly #directory: string;
  readonly #spare: string[] = [];
  #made = 0;

  constructor(directory: string) {
    this.#directory = directory;
    makeDirectories(directory, { mode: 0o700 });
    // Of an earlier agent; what is left of its output is in files beside them.
    for (const name of readdirSync(directory))
      if (statSync(join(directory, name)).isFIFO()) rmSync(join(directory, name));
  }

  /** A pipe with the name of this stream. */
  take(id: RunId, stream: OutputStream, owner?: { readonly uid: number; readonly gid: number }): string {
    const path = join(this.#directory, nameOf(id, stream));
    if (!this.#renameSpare(path)) {
      // None left, or somebody has cleaned up the directory.
      this.#spare.length = 0;
      this.#make();
      renameSync(this.#spare.pop() ?? '', path);
    }
    // The program may want to open it again, as /dev/stdout.
    if (owner) chownSync(path, owner.uid, owner.gid);
    return path;
  }

  /** For the next run, when nothing is in it and nobody holds it. */
  giveBack(path: string, isClean: boolean): void {
    if (!isClean || this.#spare.length >= maxSpare) return rmSync(path, { force: true });
    const spare = this.#nextSpare();
    if (!wasRenamed(path, spare)) return;
    if (process.getuid?.() === 0) chownSync(spare, 0, 0);
    this.#spare.push(spare);
  }

  /** What the guardian of an earlier agent saved. */
  leftovers(): readonly LeftoverOutput[] {
    return readdirSync(this.#directory).flatMap((name) => {
      const path = join(this.#directory, name);
      const of = readName(name);
      if (of && statSync(path).size > 0)
        return [{ ...of, path, discard: async () => await rm(path, { force: true }) }];
      if (name.endsWith('.rest')) rmSync(path, { force: true });
      return [];
    });
  }

  close(): void {
    for (const path of this.#spare.splice(0)) rmSync(path, { force: true });
  }

  #renameSpare(path: string): boolean {
    const spare = this.#spare.pop();
    return spare !== undefined && wasRenamed(spare, path);
  }

  #nextSpare(): string {
    this.#made += 1;
    return join(this.#directory, spareName(this.#made));
  }

  #make(): void {
    makeDirectories(this.#directory, { mode: 0o700 });
    const length = Math.min(maxSpare, Math.max(batch, this.#made));
    const paths = Array.from({ length }, () => this.#nextSpare());
    const { error, status, stderr } = spawnSync('mkfifo', ['-m', '600', '--', ...paths], {
      encoding: 'utf8',
    });
    if (error || status !== 0)
      throw runnerErrors.error(
        'RUN_NOT_STARTED',
        `Pipes for the output cannot be made in ${this.#directory}: ${error?.message ?? stderr.trim()}`,
        { cause: error },
      );
    this.#spare.push(...paths);
  }
}

/** False when there is nothing of that name any more: a cleaner of temporary files, an administrator. */
function wasRenamed(from: string, to: string): boolean {
  try {
    renameSync(from, to);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
}

/** `SERVICE@INSTANCE@RUN.stdout`; names of services have no `@`. */
const nameOf = ({ service, instance, run }: RunId, stream: OutputStream): string =>
  `${service}@${instance}@${run}.${stream}`;

function readName(name: string): { readonly id: RunId; readonly stream: OutputStream } | undefined {
  const match = /^(?<service>[^@]+)@(?<instance>\d+)@(?<run>\d+)\.(?<stream>stdout|stderr)\.rest$/.exec(name);
  if (!match?.groups) return undefined;
  const { service = '', instance, run, stream } = match.groups;
  return { id: { service, instance: Number(instance), run: Number(run) }, stream: stream as OutputStream };
}
