import { watch, type FSWatcher } from 'node:fs';
import {
  messageOf,
  type Clock,
  type Logger,
  type ServiceInfo,
  type ServiceManager,
  type Timer,
} from '@mainstay/core';

import type { NativeRun } from './native-run.ts';

/** Between two rounds, in ms, where ends are only found out by looking. */
const pollMs = 2_000;
/** The same where units note their own end in a file that is watched: a safety net. */
const slowPollMs = 15_000;
/** While some unit is being started: its pid, and what it says of itself. */
const startPollMs = 1_000;
/** Answers of the manager are this fresh, in ms, for whoever asks often. */
const freshMs = 1_000;

export interface UnitWatchOptions {
  readonly manager: ServiceManager;
  readonly clock: Clock;
  readonly log: Logger;
  /** Where units note their ends. */
  readonly directory: string;
}

/** Looks at all units that run with one question a round, and at once when one has noted its end. */
export class UnitWatch {
  readonly #options: UnitWatchOptions;
  /** With the name of its unit; one that was replaced is looked at until it has told its end. */
  readonly #runs = new Map<NativeRun, string>();
  #timer: Timer | undefined;
  #watcher: FSWatcher | undefined;
  #round: Promise<ReadonlyMap<string, ServiceInfo>> | undefined;
  #lastRound: { readonly at: number; readonly infos: ReadonlyMap<string, ServiceInfo> } | undefined;
  #isAskedAgain = false;
  #isClosed = false;

  constructor(options: UnitWatchOptions) {
    this.#options = options;
  }

  add(name: string, run: NativeRun): void {
    this.#runs.set(run, name);
    void this.#removeAfter(run);
    this.#watchEnds();
    this.#schedule();
  }

  /** The run that somebody wants, as far as it has not ended. */
  has(name: string): boolean {
    return [...this.#runs.values()].some((other) => other === name);
  }

  /** What the manager said of a unit within the last second. */
  async fresh(name: string): Promise<ServiceInfo | undefined> {
    const last = this.#lastRound;
    const isFresh = last !== undefined && this.#options.clock.monotonic() - last.at < freshMs;
    // What was not up at the last round may be by now.
    const known = isFresh ? last.infos.get(name) : undefined;
    return known?.pid === undefined ? (await this.#look()).get(name) : known;
  }

  close(): void {
    this.#isClosed = true;
    this.#rest();
  }

  async #removeAfter(run: NativeRun): Promise<void> {
    await run.ended;
    this.#runs.delete(run);
    if (this.#runs.size === 0) this.#rest();
  }

  #rest(): void {
    this.#timer?.clear();
    this.#timer = undefined;
    this.#watcher?.close();
    this.#watcher = undefined;
    this.#lastRound = undefined;
  }

  #schedule(): void {
    if (this.#isClosed || this.#runs.size === 0) return;
    this.#timer?.clear();
    const isStarting = [...this.#runs.keys()].some((run) => run.isPending);
    const usual = this.#watcher ? slowPollMs : pollMs;
    this.#timer = this.#options.clock.setTimer(isStarting ? startPollMs : usual, () => {
      void this.#look().finally(() => this.#schedule());
    });
  }

  /** One round at a time; who asks while one is on its way gets that one, which may have begun before. */
  #look(): Promise<ReadonlyMap<string, ServiceInfo>> {
    this.#round ??= this.#ask().finally(() => {
      this.#round = undefined;
      if (!this.#isAskedAgain) return;
      this.#isAskedAgain = false;
      void this.#look();
    });
    return this.#round;
  }

  async #ask(): Promise<ReadonlyMap<string, ServiceInfo>> {
    const { manager, clock, log } = this.#options;
    const names = [...new Set(this.#runs.values())];
    const launched = new Set([...this.#runs.keys()].filter((run) => run.isLaunched));
    try {
      const all = manager.queryAll
        ? await manager.queryAll(names)
        : await Promise.all(names.map((name) => manager.query(name)));
      const infos = new Map(all.map((info) => [info.name, info]));
      this.#lastRound = { at: clock.monotonic(), infos };
      for (const [run, name] of this.#runs) {
        const info = infos.get(name);
        // An answer may be older than a start that was over meanwhile.
        if (info && (launched.has(run) || info.pid !== undefined)) void run.see(info);
      }
      return infos;
    } catch (error) {
      log.warn({ reason: messageOf(error) }, 'The service manager does not say what its units are at');
      return new Map();
    }
  }

  #watchEnds(): void {
    const { manager, directory, log } = this.#options;
    if (this.#watcher || this.#isClosed || !manager.readEnds) return;
    try {
      this.#watcher = watch(directory, { persistent: false }, (_event, file) => {
        if (file?.endsWith('.ends') !== true) return;
        // One that came while a round was on its way may not be in it.
        this.#isAskedAgain = this.#round !== undefined;
        void this.#look();
      });
      this.#watcher.on('error', () => {
        this.#watcher?.close();
        this.#watcher = undefined;
      });
    } catch (error) {
      log.debug({ reason: messageOf(error) }, 'The ends of units are found out by looking only');
    }
  }
}
