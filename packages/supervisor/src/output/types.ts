import type { LogRules } from '../manifest/types.ts';

export type OutputStream = 'stdout' | 'stderr';

/**
 * Where the output of one run goes. Lossless: `write` takes everything; `false` asks the caller to stop reading until
 * `onDrain`, so that the pipe fills and the program waits (back-pressure) in place of our memory growing.
 */
export interface RunOutput {
  /** The chunk may be overwritten after the call. */
  write(stream: OutputStream, chunk: Uint8Array): boolean;
  /** Set by the runner; called when reading may go on. */
  onDrain: (() => void) | undefined;
  /** No more will come: the last line is ended. Resolves when it is in the file. */
  end(): Promise<void>;
}

/** One line as readers get it, without its line feed. */
export interface LogLine {
  readonly service: string;
  readonly instance: number;
  readonly run: number;
  readonly stream: OutputStream;
  /** Milliseconds since the epoch, when it was read from the program. */
  readonly time: number;
  readonly text: string;
  /** The line was longer than the bound and goes on in the next. */
  readonly partial: boolean;
}

export interface LogReadOptions {
  /** Undefined: all. */
  readonly services: readonly string[] | undefined;
  readonly instance?: number;
  /** Lines from the past, over all services together. @default 100 */
  readonly lines: number;
  readonly follow: boolean;
  /** Milliseconds since the epoch. */
  readonly since?: number;
  readonly signal?: AbortSignal;
}

/** The logs of all services in one directory: `<service>/<instance>.log`, rotated `<instance>.<n>.log[.gz]`. */
export interface LogStore {
  openRun(
    id: { readonly service: string; readonly instance: number; readonly run: number },
    rules: LogRules,
  ): RunOutput;
  read(options: LogReadOptions): AsyncIterable<LogLine>;
  /** The last lines of a run, from memory: evidence for `why`. At most 10. */
  lastLines(service: string, instance: number): readonly string[];
  /** Calls with every line from now on; the returned function ends it. Costs nothing while there is none. */
  watch(onLine: (line: LogLine) => void): () => void;
  statistics(): LogStatistics;
  close(): Promise<void>;
}

/** What opens the logs may also bound them. */
export interface BoundedLogStore extends LogStore {
  /** Another bound on everything in the directory, in bytes; what is over it goes at once. */
  setTotalBytes(bytes: number): void;
}

export interface LogStatistics {
  /** By service: bytes and lines that were taken since the store was opened. */
  readonly services: Readonly<
    Record<string, { readonly bytes: number; readonly lines: number; readonly rotations: number }>
  >;
  readonly bytesOnDisk: number;
  /** Files that were removed for the bound on the total or for a full disk. */
  readonly filesDropped: number;
  /** Bytes that are waiting in memory because the disk is full or slow. */
  readonly bytesPending: number;
  /** True while writing fails; the reason for people. */
  readonly failing: string | undefined;
}
