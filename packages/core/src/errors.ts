/** Who can put it right: the operator (input, configuration), the environment (disk, network, privilege), or us. */
export type ErrorKind = 'operator' | 'environment' | 'bug';

/** One row of a package's error table; the reference page is generated from these. */
export interface ErrorEntry {
  readonly kind: ErrorKind;
  /** What happened, in one sentence without a full stop. */
  readonly summary: string;
  /** What to do about it. */
  readonly action: string;
  /** Exit code of a command that ends with it. @default ExitCode.failed */
  readonly exitCode?: number;
}

export interface AppErrorOptions {
  readonly cause?: unknown;
  /** Facts for a program: paths, names, numbers. Never a secret. */
  readonly details?: Readonly<Record<string, unknown>>;
  readonly exitCode?: number;
}

/**
 * The one way to fail. `message` starts with a capital, has no full stop at the end, and names what was wrong,
 * where, and what to do.
 */
export class AppError<Code extends string = string> extends Error {
  override readonly name = 'AppError';
  readonly code: Code;
  readonly details: Readonly<Record<string, unknown>>;
  readonly exitCode: number | undefined;

  constructor(code: Code, message: string, options: AppErrorOptions = {}) {
    super(message, 'cause' in options ? { cause: options.cause } : undefined);
    this.code = code;
    this.details = options.details ?? {};
    this.exitCode = options.exitCode;
  }
}

/** True for an `AppError` of any package, also one from another copy of this module (a bundle, a worker thread). */
export function isAppError(error: unknown): error is AppError {
  return error instanceof Error && error.name === 'AppError' && typeof (error as AppError).code === 'string';
}

export interface ErrorTable<Code extends string> {
  readonly area: string;
  readonly entries: Readonly<Record<Code, ErrorEntry>>;
  /** Makes the error; the exit code is the table's unless the options name one. */
  error(code: Code, message: string, options?: AppErrorOptions): AppError<Code>;
}

/**
 * Declares a package's error codes. Codes are `UPPER_SNAKE`, prefixed by the area, and never reused.
 *
 * @example
 * export const buildErrors = defineErrors('build', {
 *   BUILD_UNKNOWN_TARGET: { kind: 'operator', summary: 'The target is not known', action: 'Use one of the listed targets' },
 * });
 * throw buildErrors.error('BUILD_UNKNOWN_TARGET', 'Unknown target "linux-x46"; did you mean linux-x64?');
 */
export function defineErrors<const Entries extends Record<string, ErrorEntry>>(
  area: string,
  entries: Entries,
): ErrorTable<Extract<keyof Entries, string>> {
  return {
    area,
    entries,
    error(code, message, options = {}) {
      const exitCode = options.exitCode ?? entries[code]?.exitCode;
      return new AppError(code, message, exitCode === undefined ? options : { ...options, exitCode });
    },
  };
}

/** The message of anything that was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
