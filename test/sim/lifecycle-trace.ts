import type { AcceptedControls, Control, StopReason } from '@mainstay/core';
import { SeededRandom } from './random.ts';

/** One thing that happens to the simulated service. */
export type Action =
  | { readonly do: 'control'; readonly control: Control }
  /** The handler in flight ends well, or fails; does nothing when none is. */
  | { readonly do: 'succeed' }
  | { readonly do: 'fail' }
  /** A handler that overran its deadline, or was cut off by a crash, ends after all. */
  | { readonly do: 'end-late'; readonly well: boolean }
  | { readonly do: 'checkpoint'; readonly hintMs: number }
  | { readonly do: 'text' }
  | { readonly do: 'crash' }
  | { readonly do: 'advance'; readonly ms: number }
  | { readonly do: 'jump-wall'; readonly ms: number };

/** A life of the service: what it supports, and what happens to it. */
export interface Trace {
  readonly seed: number;
  readonly accepts: AcceptedControls;
  readonly actions: readonly Action[];
}

const limits = [1, 50, 400, 1_000, 5_000, 15_000, 30_000, 90_000] as const;

export function randomTrace(seed: number): Trace {
  const random = new SeededRandom(seed);
  const accepts: AcceptedControls = {
    pause: random.chance(0.8),
    reload: random.chance(0.8),
    custom: random.chance(0.7) ? [128, 200] : [],
    sessionChange: random.chance(0.6),
    powerEvent: random.chance(0.6),
  };
  const length = 3 + random.below(38);
  // Some lives are quiet and get far, some end early.
  const violence = random.pick([0, 0.02, 0.15]);
  const actions = Array.from({ length }, () => randomAction(random, violence));
  return { seed, accepts, actions };
}

function randomAction(random: SeededRandom, violence: number): Action {
  if (random.chance(violence)) return random.chance(0.5) ? { do: 'crash' } : { do: 'fail' };
  const roll = random.below(100);
  if (roll < 38) return { do: 'control', control: randomControl(random) };
  if (roll < 68) return { do: 'succeed' };
  if (roll < 72) return { do: 'fail' };
  if (roll < 76) return { do: 'end-late', well: random.chance(0.5) };
  if (roll < 82) return { do: 'checkpoint', hintMs: random.pick(limits) };
  if (roll < 84) return { do: 'text' };
  if (roll < 97) return { do: 'advance', ms: random.pick(limits) };
  return { do: 'jump-wall', ms: random.pick([-86_400_000, -1_000, 1_000, 86_400_000]) };
}

function randomControl(random: SeededRandom): Control {
  const roll = random.below(100);
  if (roll < 18) return { type: 'pause' };
  if (roll < 36) return { type: 'continue' };
  if (roll < 54) return { type: 'reload' };
  if (roll < 70) return { type: 'custom', code: random.pick([128, 200, 201]) };
  if (roll < 78) return { type: 'session-change', event: 'logon', sessionId: random.below(3) };
  if (roll < 84) return { type: 'power-event', event: 'suspend' };
  if (roll < 92) return { type: 'interrogate' };
  const reason = random.pick<StopReason>(['stop', 'shutdown', 'preshutdown', 'interrupt', 'disconnect']);
  return { type: 'stop', reason, ...(random.chance(0.3) && { force: true }) };
}

/** Removes whatever the failure does not need: halves first, then single actions. */
export function shrinkTrace(trace: Trace, fails: (trace: Trace) => boolean): Trace {
  let best = trace;
  for (
    let size = Math.ceil(best.actions.length / 2);
    size >= 1;
    size = size === 1 ? 0 : Math.ceil(size / 2)
  ) {
    for (let at = 0; at < best.actions.length;) {
      const actions = [...best.actions.slice(0, at), ...best.actions.slice(at + size)];
      const shorter = { ...best, actions };
      if (fails(shorter)) best = shorter;
      else at += size;
    }
  }
  return best;
}
