import type { Clock, Timer } from '@mainstay/core';

import { initialProbe, stepProbe, type ProbeEvent, type ProbeModel } from '../health/step-probe.ts';
import type { ProbeKind, ProbeResult } from '../health/types.ts';
import type { ProbeRules } from '../manifest/types.ts';

export interface ProbeWatchOptions {
  readonly kind: ProbeKind;
  readonly rules: ProbeRules;
  readonly clock: Clock;
  readonly probe: (timeoutMs: number) => Promise<ProbeResult>;
  readonly onResult: (kind: ProbeKind, result: ProbeResult, failuresInRow: number) => void;
  readonly onVerdict: (kind: ProbeKind, ok: boolean, detail: string, failuresInRow: number) => void;
}

/** Carries out one probe of one run. INVARIANT: after `end` nothing is called and no timer is set. */
export class ProbeWatch {
  readonly #options: ProbeWatchOptions;
  #model: ProbeModel;
  #timer: Timer | undefined;
  #last: (ProbeResult & { readonly at: number; readonly failuresInRow: number }) | undefined;

  constructor(options: ProbeWatchOptions) {
    this.#options = options;
    this.#model = initialProbe(options.kind, options.rules);
    this.#step({ type: 'begin' });
  }

  /** The latest result; undefined before the first. */
  get last(): (ProbeResult & { readonly at: number; readonly failuresInRow: number }) | undefined {
    return this.#last;
  }

  end(): void {
    this.#step({ type: 'end' });
  }

  #step(event: ProbeEvent): void {
    const { clock, kind, onVerdict } = this.#options;
    const { model, effects } = stepProbe(this.#model, event);
    this.#model = model;
    for (const effect of effects) {
      if (effect.type === 'set-timer')
        this.#timer = clock.setTimer(effect.ms, () => this.#step({ type: 'timer' }));
      else if (effect.type === 'clear-timer') this.#timer?.clear();
      else if (effect.type === 'probe') void this.#probe(effect.timeoutMs);
    }
    // Last: a verdict may end this watch, which has to find its timer set.
    for (const effect of effects)
      if (effect.type === 'verdict') onVerdict(kind, effect.ok, effect.detail, effect.failuresInRow);
  }

  async #probe(timeoutMs: number): Promise<void> {
    const { clock, kind, probe, onResult } = this.#options;
    const result = await probe(timeoutMs);
    if (this.#model.phase !== 'probing') return;
    const failuresInRow = result.ok ? 0 : (this.#last?.failuresInRow ?? 0) + 1;
    this.#last = { ...result, at: clock.now(), failuresInRow };
    onResult(kind, result, failuresInRow);
    this.#step({ type: 'result', result });
  }
}
