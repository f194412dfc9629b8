import type { ProbeTarget } from '../manifest/types.ts';
import {
  describeProbeError,
  noAnswer,
  type Begin,
  type Done,
  type Probed,
  type ProberOptions,
} from './probing.ts';
import type { ProbeResult, Prober } from './types.ts';

export type { Probed, ProberOptions } from './probing.ts';

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
