/** One thing the fixture service does inside a handler. Lists of them are run in order. */
export type Action =
  /** Writes an entry into the journal. */
  | { readonly note: string }
  /** Waits until the test opens this gate; an `abortable` wait rejects when the service's signal is aborted. */
  | { readonly wait: string; readonly abortable?: boolean }
  | { readonly checkpoint: number }
  | { readonly status: string }
  | { readonly fail: string }
  | { readonly hang: true }
  /** `exit` is a process.exit(code) in the service's own code. */
  | { readonly crash: 'exception' | 'rejection' | 'exit'; readonly code?: number }
  /** Holds the event loop for so many milliseconds. */
  | { readonly block: number }
  | { readonly requestStop: true };

/** What the fixture service does in one run: its config file, as JSON. */
export interface Plan {
  /** The fixture appends one JSON line for each thing that happens (see `JournalEntry`). */
  readonly journal: string;
  /** Directory in which the test creates a file to open the gate of that name. */
  readonly gates: string;
  readonly start: readonly Action[];
  readonly stop: readonly Action[];
  /** With `pause` the service has pause and resume handlers. */
  readonly pause?: readonly Action[];
  readonly resume?: readonly Action[];
  readonly reload?: readonly Action[];
  /** Handlers of custom controls by code. */
  readonly custom?: Readonly<Record<string, readonly Action[]>>;
  /** Done beside everything else once the start has returned. */
  readonly background?: readonly Action[];
  /** Done by a release on the disposer stack. */
  readonly release?: readonly Action[];
  /** Makes a temporary directory with a file in it and journals its path as `temporary`. */
  readonly temporary?: boolean;
  /** Takes this lock file first of all. */
  readonly lock?: string;
  /** Deadlines in milliseconds. */
  readonly limits?: Partial<
    Readonly<
      Record<
        'startTimeoutMs' | 'stopTimeoutMs' | 'pauseTimeoutMs' | 'reloadTimeoutMs' | 'disposeTimeoutMs',
        number
      >
    >
  >;
}

/** `<handler>` when it begins, `<handler>-end` or `<handler>-error` when it ends, notes by their own names. */
export interface JournalEntry {
  readonly event: string;
  readonly pid: number;
  /** Milliseconds since the Unix epoch. */
  readonly at: number;
  readonly detail?: string;
}
