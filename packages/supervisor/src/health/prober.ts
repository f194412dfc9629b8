import type { Clock } from '@mainstay/core';

import type { ProbeTarget } from '../manifest/types.ts';
import type { ProbeResult, Prober } from './types.ts';

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

/**
 * Probes for a supervisor. What a kind of probe needs is loaded with the first of its kind; nothing is kept between two
 * probes, neither connections nor processes nor timers.
 */
export function createProber(options: ProberOptions): Prober {
  const { clock } = options;
  return {
    async probe(target, of, timeoutMs) {
      const startedAt = clock.monotonic();
      const took = (): number => clock.monotonic() - startedAt;
      let begin: Begin;
      try {
        begin = await beginOf(target, of, timeoutMs, options);
      } catch (error) {
        return { ok: false, detail: describeProbeError(error), tookMs: took() };
      }
      return new Promise<ProbeResult>((resolve) => {
        let isOver = false;
        let release: (() => void) | undefined;
        const done: Done = (ok, detail) => {
          if (isOver) return;
          isOver = true;
          timer.clear();
          release?.();
          resolve({ ok, detail, tookMs: took() });
        };
        const timer = clock.setTimer(timeoutMs, () => done(false, noAnswer(timeoutMs)));
        try {
          release = begin(done);
        } catch (error) {
          done(false, describeProbeError(error));
        }
        // It was done before it returned.
        if (isOver) release?.();
      });
    },
  };
}

async function beginOf(
  target: ProbeTarget,
  of: Probed,
  timeoutMs: number,
  options: ProberOptions,
): Promise<Begin> {
  switch (target.type) {
    case 'http': {
      const { probeHttp } = await import('./probe-http.ts');
      return probeHttp(target.url, options.clock);
    }
    case 'tcp': {
      const { probeTcp } = await import('./probe-tcp.ts');
      return probeTcp(target, options.clock);
    }
    case 'exec': {
      const { probeExec } = await import('./probe-exec.ts');
      return probeExec(target.command, of, options);
    }
    case 'heartbeat': {
      const { probeHeartbeat } = await import('./probe-report.ts');
      return probeHeartbeat(of, timeoutMs);
    }
    case 'loop-delay': {
      const { probeLoopDelay } = await import('./probe-report.ts');
      return probeLoopDelay(target.maxMs, of, timeoutMs);
    }
  }
}

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
