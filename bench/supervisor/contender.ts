/** A program to be kept running, in terms that every supervisor understands. */
export interface Program {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Processes that share a port; @default 1 */
  readonly instances?: number;
}

/** One supervisor under measurement, with a home of its own. */
export interface Supervisor {
  /** Boots it with nothing to run; resolves when it takes commands. */
  boot(): Promise<void>;
  /** Starts all; resolves when its own command for that returns. */
  start(programs: readonly Program[]): Promise<void>;
  restart(name: string): Promise<void>;
  /** Undefined: it has none. */
  readonly reload: ((name: string) => Promise<void>) | undefined;
  /** Processes of the supervisor itself, not of what it runs. */
  processes(): Promise<readonly number[]>;
  /** How many lines of this program with the given text are in its log files. */
  countLines(name: string): Promise<number>;
  /** Ends it and everything it runs. */
  shutdown(): Promise<void>;
}

export interface Contender {
  readonly name: string;
  readonly version: string;
  open(directory: string): Supervisor;
}

export type Available =
  | { readonly ok: true; readonly contender: Contender }
  | { readonly ok: false; readonly reason: string };
