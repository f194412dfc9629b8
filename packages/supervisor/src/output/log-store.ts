import { type Clock, entriesOf, type Logger, type Timer } from '@mainstay/core';

import type { LogRules } from '../manifest/types.ts';
import { Compression } from './compression.ts';
import { logFileSystem, type LogFileSystem } from './file-system.ts';
import { InstanceLog, maxPendingBytes } from './instance-log.ts';
import { LineJoiner } from './line-joiner.ts';
import { RunLog } from './run-log.ts';
import { scanLogs } from './scan.ts';
import type { LogStoreCore } from './store-core.ts';
import { TotalBound } from './total-bound.ts';
import type { BoundedLogStore, LogLine, LogReadOptions, LogStatistics, RunOutput } from './types.ts';

export interface LogStoreOptions {
  /** Absolute; is made when it is missing. */
  readonly directory: string;
  /** Bound on everything in it, in bytes. */
  readonly totalBytes: number;
  readonly clock: Clock;
  readonly log: Logger;
  /** @default that of the machine */
  readonly fileSystem?: LogFileSystem;
  /** How long a rotated file waits before it is compressed, in ms. @default 10_000 */
  readonly compressAfterMs?: number;
  /** What all services together may have pending in memory, in bytes. @default 64 MiB */
  readonly maxPendingBytes?: number;
  /** Called with why a log cannot be written, and with undefined when all can be again. */
  readonly onFailing?: (reason: string | undefined) => void;
}

/** How often writing is tried again while it fails, in ms. */
const retryEveryMs = 1000;
/** A chunk of 64 KiB with lines of 20 bytes fits with what stands before each; more takes a buffer of its own. */
const scratchBytes = 256 * 1024;
const maxLastLines = 10;

const defaultRules: LogRules = {
  rotateBytes: 10 * 1024 * 1024,
  rotateAgeMs: undefined,
  keep: 8,
  compress: true,
};

/**
 * Opens the logs in a directory, and repairs what an agent that was killed has left there. Does not fail for a disk
 * that is full or read-only: the store says that it is failing, and goes on when it can.
 */
export function openLogStore(options: LogStoreOptions): Promise<BoundedLogStore> {
  return Promise.resolve(new FileLogStore(options));
}

class FileLogStore implements BoundedLogStore {
  readonly #options: LogStoreOptions;
  readonly #fileSystem: LogFileSystem;
  readonly #core: LogStoreCore;
  readonly #bound: TotalBound;
  readonly #compression: Compression;
  readonly #logs = new Map<string, InstanceLog>();
  readonly #blocked = new Set<RunLog>();
  readonly #activeRuns = new Map<InstanceLog, Set<number>>();
  readonly #watchers = new Set<(text: string) => void>();
  readonly #written = new Set<() => void>();
  #scratch: Buffer | undefined;
  #stampedAt = Number.NaN;
  #stamp = '';
  #lastNumber = 0;
  #pendingBytes = 0;
  #retryTimer: Timer | undefined;
  #toldFailing: string | undefined;
  #isClosed = false;

  constructor(options: LogStoreOptions) {
    this.#options = options;
    this.#fileSystem = options.fileSystem ?? logFileSystem;
    this.#bound = new TotalBound({
      totalBytes: options.totalBytes,
      logs: this.#logs,
      fileSystem: this.#fileSystem,
      log: options.log,
    });
    this.#core = this.#makeCore();
    this.#compression = new Compression({
      fileSystem: this.#fileSystem,
      clock: options.clock,
      log: options.log,
      afterMs: options.compressAfterMs ?? 10_000,
      onShrunk: (bytes) => this.#bound.rotatedChanged(-bytes),
    });
    this.#scan();
  }

  openRun(
    id: { readonly service: string; readonly instance: number; readonly run: number },
    rules: LogRules,
  ): RunOutput {
    const log = this.#logOf(id.service, id.instance, rules);
    const active = this.#activeRuns.get(log) ?? new Set();
    this.#activeRuns.set(log, active.add(id.run));
    return new RunLog({
      log,
      run: id.run,
      rules,
      stamp: () => this.#core.stamp(),
      onText: (text) => this.#watchers.forEach((watcher) => watcher(text)),
      onBlocked: (run) => this.#blocked.add(run),
      onEnd: (run) => {
        this.#blocked.delete(run);
        active.delete(id.run);
      },
    });
  }

  read(options: LogReadOptions): AsyncIterable<LogLine> {
    return entriesOf(this.#batches(options), () => options.signal?.aborted ?? false);
  }

  async *#batches(options: LogReadOptions): AsyncGenerator<readonly LogLine[]> {
    const { readLogs } = await import('./read-logs.ts');
    yield* readLogs(
      {
        logs: () => [...this.#logs.values()],
        isActive: (log, run) => this.#activeRuns.get(log)?.has(run) ?? false,
        onWritten: (callback) => {
          this.#written.add(callback);
          return () => this.#written.delete(callback);
        },
      },
      options,
    );
  }

  lastLines(service: string, instance: number): readonly string[] {
    const log = this.#logs.get(keyOf(service, instance));
    if (!log) return [];
    const lines: string[] = [];
    const joiner = new LineJoiner();
    const add = ({ text }: LogLine) => lines.push(text);
    joiner.take(log.tail(), add);
    joiner.flush(add);
    return lines.slice(-maxLastLines);
  }

  watch(onLine: (line: LogLine) => void): () => void {
    const joiner = new LineJoiner();
    const watcher = (text: string) => joiner.take(text, onLine);
    this.#watchers.add(watcher);
    return () => this.#watchers.delete(watcher);
  }

  statistics(): LogStatistics {
    const services: Record<string, { bytes: number; lines: number; rotations: number }> = {};
    for (const log of this.#logs.values()) {
      const sum = (services[log.service] ??= { bytes: 0, lines: 0, rotations: 0 });
      sum.bytes += log.bytes;
      sum.lines += log.lines;
      sum.rotations += log.rotations;
    }
    return {
      services,
      bytesOnDisk: this.#bound.bytesOnDisk,
      filesDropped: this.#bound.filesDropped,
      bytesPending: this.#pendingBytes,
      failing: this.#failing(),
    };
  }

  setTotalBytes(bytes: number): void {
    this.#bound.move(bytes);
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#retryTimer?.clear();
    await Promise.all([...this.#logs.values()].map((log) => log.settled()));
    for (const log of this.#logs.values()) {
      log.retry();
      log.close();
    }
    await this.#compression.close();
    for (const callback of this.#written) callback();
  }

  #failing(): string | undefined {
    for (const { failing } of this.#logs.values()) if (failing !== undefined) return failing;
    return undefined;
  }

  #makeCore(): LogStoreCore {
    const { directory, clock, log, maxPendingBytes: maxPending = 64 * 1024 * 1024 } = this.#options;
    return {
      directory,
      clock,
      log,
      fileSystem: this.#fileSystem,
      encode: (text) => this.#encode(text),
      stamp: () => {
        const now = clock.now();
        if (now !== this.#stampedAt) {
          this.#stampedAt = now;
          this.#stamp = new Date(now).toISOString();
        }
        return this.#stamp;
      },
      nextNumber: () => ++this.#lastNumber,
      limitOf: (rules) => this.#bound.limitOf(rules),
      makeRoom: () => this.#bound.dropOldest('The disk is full: the oldest log file was removed'),
      rotated: (instanceLog) => this.#rotated(instanceLog),
      pendingChanged: (difference) => {
        this.#pendingBytes += difference;
        if (difference <= 0) this.#release();
      },
      isFull: () => this.#pendingBytes >= maxPending,
      failed: (instanceLog, error) => this.#failed(instanceLog, error),
      written: (bytes) => {
        this.#bound.written(bytes);
        if (this.#written.size > 0) for (const callback of this.#written) callback();
      },
    };
  }

  #encode(text: string): Buffer {
    if (text.length > scratchBytes) return Buffer.from(text, 'latin1');
    this.#scratch ??= Buffer.allocUnsafeSlow(scratchBytes);
    return this.#scratch.subarray(0, this.#scratch.write(text, 0, 'latin1'));
  }

  #logOf(service: string, instance: number, rules: LogRules): InstanceLog {
    const key = keyOf(service, instance);
    const known = this.#logs.get(key);
    if (known) return known;
    const made = new InstanceLog(this.#core, service, instance, rules);
    this.#logs.set(key, made);
    return made;
  }

  #scan(): void {
    const { directory, log } = this.#options;
    for (const found of scanLogs(this.#fileSystem, directory, log)) {
      const instanceLog = this.#logOf(found.service, found.instance, defaultRules);
      instanceLog.adopt(found.current, found.rotated);
      for (const segment of found.rotated) {
        this.#lastNumber = Math.max(this.#lastNumber, segment.number);
        this.#bound.rotatedChanged(segment.bytes);
        if (!segment.compressed) this.#compression.add(instanceLog, segment);
      }
    }
    this.#bound.hold();
  }

  #rotated(log: InstanceLog): void {
    const segment = log.rotated.at(-1);
    if (!segment) return;
    this.#bound.rotatedChanged(segment.bytes);
    this.#bound.dropBeyond(log, log.rules.keep);
    this.#bound.hold();
    if (log.rules.compress && !segment.removed) this.#compression.add(log, segment);
  }

  #failed(log: InstanceLog, error: unknown): void {
    this.#options.log.error(
      { err: error, path: log.path },
      'A log cannot be written; its lines are kept in memory, and the oldest are lost when there are too many',
    );
    this.#tellFailing();
    this.#retryLater();
  }

  #tellFailing(): void {
    const reason = this.#failing();
    if (reason === this.#toldFailing) return;
    this.#toldFailing = reason;
    this.#options.onFailing?.(reason);
  }

  #retryLater(): void {
    if (this.#isClosed || this.#retryTimer) return;
    this.#retryTimer = this.#options.clock.setTimer(retryEveryMs, () => {
      this.#retryTimer = undefined;
      for (const log of this.#logs.values()) log.retry();
      this.#tellFailing();
      if (this.#failing() !== undefined) this.#retryLater();
    });
  }

  /** Lets programs go on that wait. */
  #release(): void {
    for (const run of this.#blocked) {
      const { log } = run;
      if (log.failing === undefined && (!log.isWritable || log.pendingBytes > maxPendingBytes / 2)) continue;
      this.#blocked.delete(run);
      run.onDrain?.();
    }
  }
}

function keyOf(service: string, instance: number): string {
  return `${service}/${instance}`;
}
