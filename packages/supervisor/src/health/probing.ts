import type { Clock } from '@mainstay/core';

import type { Prober } from './types.ts';

export interface ProberOptions {
  readonly clock: Clock;
  /** The agent's environment, below the service's own, for commands. @default process.env */
  readonly environment?: Readonly<Record<string, string | undefined>>;
}

export type Probed = Parameters<Prober['probe']>[1];

/** How a probe went, once, and what there is to say of it; it may be called when nobody listens any more. */
export type Done = (ok: boolean, detail: string) => void;

/**
 * Begins a probe, and returns what ends it at once with all that it has opened. It is called in any case: when the probe
 * is done, and when its time is over.
 */
export type Begin = (done: Done) => () => void;

/** `No answer within 5s`, in the manifest's own notation. */
export function noAnswer(timeoutMs: number): string {
  return `no answer within ${timeoutMs % 1000 === 0 ? `${timeoutMs / 1000}s` : `${timeoutMs}ms`}`;
}

const known: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connection refused',
  ECONNRESET: 'connection reset',
  EPIPE: 'connection reset',
  ENOTFOUND: 'host not found',
  EAI_AGAIN: 'host not found, the resolver does not answer',
  ENETUNREACH: 'network unreachable',
  EHOSTUNREACH: 'host unreachable',
  ENOENT: 'no such command or folder',
  EACCES: 'permission denied',
};

/** In the words of people, where the code is a usual one. */
export function describeProbeError(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { code } = error as NodeJS.ErrnoException;
  return (code !== undefined && known[code]) || error.message || error.name;
}
