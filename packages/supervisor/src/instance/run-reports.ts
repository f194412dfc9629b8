import type { ProbeKind } from '../health/types.ts';
import type { RunId } from '../runner/types.ts';
import type { LimitEffect } from '../watch/step-limits.ts';
import type { InstanceHost } from './host.ts';
import type { Instance } from './instance.ts';
import type { LiveRun, LiveRunOptions } from './live-run.ts';

/** What the probes and the limits of one run find: told to everybody, and acted on. */
export class RunReports {
  readonly #host: InstanceHost;
  readonly #instance: Instance;
  readonly #id: RunId;

  constructor(host: InstanceHost, instance: Instance, id: RunId) {
    this.#host = host;
    this.#instance = instance;
    this.#id = id;
  }

  get listeners(): Pick<LiveRunOptions, 'onResult' | 'onVerdict' | 'onLimit'> {
    return {
      onResult: (kind, result, failuresInRow) => {
        this.#host.tell({ type: 'probe', id: this.#id, kind, result, failuresInRow });
        this.#host.onChange(this.#instance, undefined);
      },
      onVerdict: (kind, ok, detail, failures) => this.#judged(kind, { ok, detail, failures }),
      onLimit: (effect) => this.#limited(effect),
    };
  }

  #judged(
    kind: ProbeKind,
    { ok, detail, failures }: { readonly ok: boolean; readonly detail: string; readonly failures: number },
  ): void {
    this.#host.tell({ type: 'probe-state', id: this.#id, kind, ok, detail });
    const times = failures === 1 ? 'failed' : `failed ${failures} times in a row`;
    const text = ok ? detail : `its ${kind} probe ${times}: ${detail}`;
    const at = this.#host.clock.monotonic();
    this.#instance.send({ type: 'probe', run: this.#id.run, kind, ok, detail: text, at });
  }

  #limited(effect: LimitEffect): void {
    const { service, instance } = this.#id;
    const fields = { service, instance };
    switch (effect.type) {
      case 'limit':
        return this.#host.tell({ ...effect, id: this.#id });
      case 'reclaim':
        this.#instance
          .liveOf(this.#id.run)
          ?.run?.reclaim(effect.request)
          .catch((error: unknown) =>
            this.#host.log.warn({ ...fields, err: error }, 'It could not be asked to reclaim'),
          );
        return;
      case 'restart':
        return this.#host.onMemoryExceeded(this.#instance, `${effect.used} of ${effect.bound} bytes`);
      case 'throttled': {
        const { throttled, cpuPercent, bound } = effect;
        return this.#host.log.info({ ...fields, throttled, cpuPercent, bound }, 'Processor limit');
      }
    }
  }
}

/** The kernel has ended a process of it at the wall. */
export function tellOutOfMemory(host: InstanceHost, live: LiveRun, hardBytes: number | undefined): void {
  const bound = hardBytes ?? 0;
  const used = live.usage?.memoryBytes ?? bound;
  host.tell({
    type: 'limit',
    id: live.id,
    limit: 'memory.hard',
    exceeded: true,
    used,
    bound,
    action: 'kill',
  });
}
