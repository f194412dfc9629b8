import type { ConfigProblemCode } from './errors.ts';

/** Where a value comes from, in rising order of precedence; `secret` marks a value that a reference brought. */
export type OriginKind = 'default' | 'file' | 'profile' | 'remote' | 'env' | 'flag' | 'secret';

export interface Origin {
  readonly kind: OriginKind;
  /** Path of the file as it was opened. */
  readonly file?: string;
  /** 1-based. */
  readonly line?: number;
  /** 1-based, in UTF-16 code units. */
  readonly column?: number;
  /** The environment variable, the flag's key, the remote source, or the reference of a secret (`file:/run/x`). */
  readonly name?: string;
  /** Environment variables that the value's placeholders took their text from. */
  readonly variables?: readonly string[];
  /** For a secret: where its reference is written. */
  readonly declared?: Origin;
}

/** A problem stops the service; a warning has the same shape and does not. */
export interface ConfigProblem {
  readonly code: ConfigProblemCode;
  /** Starts with a capital, no full stop, never holds a secret. */
  readonly message: string;
  /** Dotted key, see `formatKey`. */
  readonly key?: string;
  readonly origin?: Origin;
}

/** One step into a configuration: a key of a map or an index of a list. */
export type KeySegment = string | number;
export type KeyPath = readonly KeySegment[];
