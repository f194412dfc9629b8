import type { Clock, Logger } from '@mainstay/core';
import { serviceErrors } from '../errors.ts';
import type { Disposer } from '../types.ts';

interface Entry {
  readonly name: string;
  readonly release: () => void | Promise<void>;
  /** What can be done when the process leaves at once; only for what would otherwise stay on disk. */
  readonly releaseSync?: () => void;
}

/** Names of what could not be released, and of what did not end in time. */
export interface ReleaseOutcome {
  readonly failed: readonly string[];
  readonly overran: readonly string[];
}

/** The stack seen by the lifecycle. */
export interface Releases {
  /** Releases everything, last in first out, within this many milliseconds. Never rejects. */
  releaseAll(timeoutMs: number): Promise<ReleaseOutcome>;
  /** Removes what would stay on disk; for `process.on('exit')`, where nothing asynchronous runs any more. */
  releaseSync(): void;
}

/** Makes files whose removal belongs on the stack. */
export interface DisposableFiles {
  temporaryDirectory(): DisposableFile;
  lockFile(path: string): DisposableFile;
}

export interface DisposableFile {
  readonly path: string;
  remove(): void;
}

/**
 * INVARIANTS: each release is called at most once; one that fails or hangs does not keep the others from being called:
 * it gets half of the time that is left, so that there is always some for the next.
 */
export class DisposerStack implements Disposer, Releases {
  readonly #log: Logger;
  readonly #clock: Clock;
  readonly #files: () => Promise<DisposableFiles>;
  readonly #entries: Entry[] = [];
  #isEnding = false;
  #outcome: Promise<ReleaseOutcome> | undefined;

  constructor(options: {
    readonly log: Logger;
    readonly clock: Clock;
    /** Loaded when the first file is asked for. */
    readonly files: () => Promise<DisposableFiles>;
  }) {
    this.#log = options.log;
    this.#clock = options.clock;
    this.#files = options.files;
  }

  defer(name: string, release: () => void | Promise<void>): void {
    if (this.#isEnding) this.#refuse(name);
    this.#entries.push({ name, release });
  }

  use<Resource extends Disposable | AsyncDisposable>(resource: Resource): Resource {
    const name = resource.constructor?.name || 'resource';
    this.defer(name, async () => {
      if (Symbol.asyncDispose in resource) await resource[Symbol.asyncDispose]();
      else resource[Symbol.dispose]();
    });
    return resource;
  }

  async temporaryDirectory(): Promise<string> {
    const files = await this.#files();
    return this.#keep('temporary directory', () => files.temporaryDirectory());
  }

  async lockFile(path: string): Promise<void> {
    const files = await this.#files();
    this.#keep(`lock file ${path}`, () => files.lockFile(path));
  }

  releaseAll(timeoutMs: number): Promise<ReleaseOutcome> {
    this.#isEnding = true;
    return (this.#outcome ??= this.#releaseAll(timeoutMs));
  }

  releaseSync(): void {
    this.#isEnding = true;
    for (let entry = this.#entries.pop(); entry; entry = this.#entries.pop()) {
      try {
        entry.releaseSync?.();
      } catch (error) {
        this.#log.error({ error, resource: entry.name }, 'A file could not be removed');
      }
    }
  }

  /** A file is made and put on the stack in one go: nothing can come between. */
  #keep(name: string, make: () => DisposableFile): string {
    if (this.#isEnding) this.#refuse(name);
    const file = make();
    const remove = (): void => file.remove();
    this.#entries.push({ name, release: remove, releaseSync: remove });
    return file.path;
  }

  async #releaseAll(timeoutMs: number): Promise<ReleaseOutcome> {
    const failed: string[] = [];
    const overran: string[] = [];
    const end = this.#clock.monotonic() + timeoutMs;
    for (let entry = this.#entries.pop(); entry; entry = this.#entries.pop()) {
      const { name } = entry;
      const outcome = await this.#release(entry, (end - this.#clock.monotonic()) / 2);
      if (outcome === 'overran') {
        overran.push(name);
        this.#log.error({ resource: name }, 'A release did not end in time');
      } else if (outcome !== 'done') {
        failed.push(name);
        this.#log.error({ error: outcome.error, resource: name }, 'A release failed');
      }
    }
    return { failed, overran };
  }

  async #release(entry: Entry, timeoutMs: number): Promise<'done' | 'overran' | { error: unknown }> {
    const { promise: late, resolve } = Promise.withResolvers<'overran'>();
    const timer = this.#clock.setTimer(timeoutMs, () => resolve('overran'));
    const released = (async () => entry.release())().then(
      () => 'done' as const,
      (error: unknown) => ({ error }),
    );
    const outcome = await Promise.race([released, late]);
    timer.clear();
    return outcome;
  }

  #refuse(name: string): never {
    throw serviceErrors.error(
      'SERVICE_ENDING',
      `Cannot take "${name}": the service is cleaning up already; look at ctx.signal before making new resources`,
    );
  }
}
