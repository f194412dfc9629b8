import { renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { messageOf, type Clock, type Logger, type Timer } from '@mainstay/core';

import type { RememberedService, RememberedState, SupervisorMemory } from '@mainstay/supervisor';

import { flag, list, number, object, optional, record, type Shape } from '../manifest/shape.ts';
import { readJsonFile } from './json-file.ts';

/** How long to wait after a failed write before the next attempt, in milliseconds. */
const retryMs = 10_000;

const count = number({ min: 0, max: Number.MAX_SAFE_INTEGER });

const stateShape = object({
  version: number({ min: 1, max: 1 }),
  state: object({
    services: record(
      object({
        instances: optional(count),
        isStopped: flag,
        runs: list(count),
        restarts: list(record(count, {})),
      } satisfies { readonly [Key in keyof Required<RememberedService>]: Shape }),
      {},
    ),
  } satisfies { readonly [Key in keyof RememberedState]: Shape }),
});

export interface MemoryStoreOptions {
  readonly directory: string;
  readonly log: Logger;
  readonly clock: Clock;
  /** Called with why the state cannot be saved, and with undefined when it can be again. */
  readonly onFailing?: (reason: string | undefined) => void;
}

/**
 * What the supervisor remembers beyond its own life: numbers of runs, what was scaled or stopped by hand.
 *
 * It is written beside the file and renamed over it, without a sync: a killed agent loses nothing by that, a machine that
 * loses power may lose the last seconds, and never gets half a file. A write that fails is told once, and tried again.
 */
export class MemoryStore implements SupervisorMemory {
  readonly #path: string;
  readonly #options: MemoryStoreOptions;
  #state: RememberedState | undefined;
  #retry: Timer | undefined;
  #failing = false;

  constructor(options: MemoryStoreOptions) {
    this.#options = options;
    this.#path = join(options.directory, 'memory.json');
  }

  /** Undefined when nothing was remembered, or what was is damaged. */
  read(): RememberedState | undefined {
    const { log, clock } = this.#options;
    return readJsonFile(this.#path, readState, { log, now: () => clock.now() });
  }

  write(state: RememberedState): void {
    this.#state = state;
    if (this.#failing) return;
    this.#flush();
  }

  /** Writes what is left, and tries no more. */
  close(): void {
    this.#flush();
    this.#retry?.clear();
  }

  #flush(): void {
    this.#retry?.clear();
    this.#retry = undefined;
    if (this.#state === undefined) return;
    try {
      replace(this.#path, `${JSON.stringify({ version: 1, state: this.#state })}\n`);
      this.#state = undefined;
      if (!this.#failing) return;
      this.#failing = false;
      this.#options.log.info({ path: this.#path }, 'State is saved again');
      this.#options.onFailing?.(undefined);
    } catch (error) {
      if (!this.#failing) {
        this.#options.log.error(
          { path: this.#path, error: messageOf(error) },
          'State cannot be saved; services run on, and a restart of the agent would forget the last changes',
        );
        this.#options.onFailing?.(messageOf(error));
      }
      this.#failing = true;
      this.#retry = this.#options.clock.setTimer(retryMs, () => this.#flush());
    }
  }
}

function readState(value: unknown): RememberedState {
  stateShape(value, '', (path, what) => {
    throw new Error(`${path || 'It'} ${what}`);
  });
  return (value as { readonly state: RememberedState }).state;
}

function replace(path: string, text: string): void {
  // Always the same name: this process has the directory for itself, and a leftover is overwritten.
  const temporary = `${path}.tmp`;
  try {
    writeFileSync(temporary, text, { mode: 0o600 });
    renameSync(temporary, path);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
}
