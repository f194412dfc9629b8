import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { type Logger, VirtualClock } from '@mainstay/core';

import { type LogFileLabel, type LogFileSystem, logFileSystem } from '../../src/output/file-system.ts';
import { type LogStoreOptions, openLogStore } from '../../src/output/log-store.ts';
import type { LogRules } from '../../src/manifest/types.ts';
import type { BoundedLogStore, LogLine, LogReadOptions, LogStore } from '../../src/output/types.ts';

const nothing = () => undefined;

export function quietLogger(): Logger {
  const log: Logger = {
    trace: nothing,
    debug: nothing,
    info: nothing,
    warn: nothing,
    error: nothing,
    fatal: nothing,
    child: () => log,
  };
  return log;
}

export const rules: LogRules = { rotateBytes: 1 << 30, rotateAgeMs: undefined, keep: 1000, compress: false };

export interface OpenedStore {
  readonly store: BoundedLogStore;
  readonly directory: string;
  readonly clock: VirtualClock;
  /** Opens another one on the same directory, after this one was closed. */
  readonly again: (change?: Partial<LogStoreOptions>) => Promise<LogStore>;
  /** Names, in the order of the alphabet. */
  readonly files: (service?: string) => Promise<string[]>;
}

/** A store in a directory of its own, which is gone afterwards. */
export async function withStore(
  change: Partial<LogStoreOptions>,
  use: (opened: OpenedStore) => Promise<void>,
): Promise<void> {
  const directory = change.directory ?? (await mkdtemp(join(tmpdir(), 'log-store-')));
  const clock = new VirtualClock();
  const stores: LogStore[] = [];
  const open = async (more: Partial<LogStoreOptions> = {}) => {
    const store = await openLogStore({
      directory,
      totalBytes: 2 ** 40,
      clock,
      log: quietLogger(),
      ...change,
      ...more,
    });
    stores.push(store);
    return store;
  };
  try {
    const store = await open();
    const files = async (service = 'orders') => (await readdir(join(directory, service))).toSorted();
    await use({ store, directory, clock, again: open, files });
  } finally {
    for (const store of stores) await store.close();
    await rm(directory, { recursive: true, force: true });
  }
}

export async function readAll(store: LogStore, change: Partial<LogReadOptions> = {}): Promise<LogLine[]> {
  const lines: LogLine[] = [];
  for await (const line of store.read({ services: undefined, lines: Infinity, follow: false, ...change }))
    lines.push(line);
  return lines;
}

export const textsOf = (lines: readonly LogLine[]) => lines.map(({ text }) => text);

export async function poll<T>(look: () => T | undefined | Promise<T | undefined>): Promise<T> {
  for (;;) {
    const found = await look();
    if (found !== undefined) return found;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** The machine's calls, of which those with a label can be made to fail. */
export class FailingFileSystem {
  readonly failing = new Map<LogFileLabel, string>();
  /** What is done before a call with the label. */
  readonly before = new Map<LogFileLabel, () => void>();
  /** Bytes of a write that succeed before it fails. */
  shortWrite = 0;
  readonly calls: LogFileSystem = new Proxy(logFileSystem, {
    get: (target, name: keyof LogFileSystem) => {
      return (label: LogFileLabel, ...rest: unknown[]) => {
        this.before.get(label)?.();
        const code = this.failing.get(label);
        const call = target[name] as (...all: unknown[]) => unknown;
        if (code === undefined) return call.call(target, label, ...rest);
        const error = Object.assign(new Error(`${code}: injected at ${label}`), { code });
        if (name === 'writeInBackground') {
          setImmediate(rest[2] as (error: Error, written: number) => void, error, 0);
          return undefined;
        }
        if (name === 'write' && this.shortWrite > 0) {
          const bytes = (rest[1] as Uint8Array).subarray(0, this.shortWrite);
          this.shortWrite = 0;
          return call.call(target, label, rest[0], bytes);
        }
        if (name === 'compress') return Promise.reject(error);
        throw error;
      };
    },
  });
}
