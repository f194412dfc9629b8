import { SeededRandom } from './random.ts';

/** A service of the simulation, in the words of the traces. */
export interface SimulatedService {
  readonly name: string;
  readonly instances: number;
  readonly policy: 'always' | 'on-failure' | 'never';
  /** Reports its status like a Mainstay service. */
  readonly reports: boolean;
  readonly probes: { readonly startup: boolean; readonly readiness: boolean; readonly liveness: boolean };
  readonly dependsOn: ReadonlyArray<{
    readonly service: string;
    readonly condition: 'started' | 'healthy' | 'completed';
  }>;
  /** From 0 to 1: how often its programs fail; 2: they end as soon as they have begun, every time. */
  readonly violence: number;
  readonly hasSchedule: boolean;
  readonly startsFirst: boolean;
}

/** One thing that is done to the supervisor, or happens around it. */
export type Action =
  | { readonly do: 'start' | 'stop' | 'restart' | 'reload'; readonly services: readonly string[] }
  | { readonly do: 'scale'; readonly service: string; readonly instances: number }
  /** Applies the manifest with changes: new environments, services left out, other restart rules. */
  | {
      readonly do: 'apply';
      readonly version: number;
      readonly changed: readonly string[];
      readonly without: readonly string[];
    }
  /** The program of an instance dies, if it lives. */
  | { readonly do: 'crash'; readonly service: string; readonly instance: number; readonly exitCode: number }
  | { readonly do: 'out-of-memory'; readonly service: string }
  | { readonly do: 'advance'; readonly ms: number }
  | { readonly do: 'jump-wall'; readonly ms: number };

export interface Trace {
  readonly seed: number;
  readonly services: readonly SimulatedService[];
  readonly actions: readonly Action[];
}

const names = ['db', 'migrate', 'orders', 'mail', 'web'] as const;
const day = 86_400_000;

export function randomTrace(seed: number): Trace {
  const random = new SeededRandom(seed);
  const count = 1 + random.below(names.length);
  const services = names.slice(0, count).map((name, index) => randomService(random, name, index));
  const length = 3 + random.below(25);
  return {
    seed,
    services,
    actions: Array.from({ length }, (_, index) => randomAction(random, index, services)),
  };
}

function randomService(random: SeededRandom, name: string, index: number): SimulatedService {
  const dependsOn = names
    .slice(0, index)
    .filter(() => random.chance(0.35))
    .map((service) => ({
      service,
      condition: random.pick<'started' | 'healthy' | 'completed'>(
        service === 'migrate' ? ['completed', 'started'] : ['started', 'healthy'],
      ),
    }));
  return {
    name,
    instances: random.pick([1, 1, 1, 2, 3]),
    policy: name === 'migrate' ? 'on-failure' : random.pick(['always', 'always', 'on-failure', 'never']),
    reports: random.chance(0.3),
    probes: { startup: random.chance(0.3), readiness: random.chance(0.4), liveness: random.chance(0.4) },
    dependsOn,
    violence: random.pick([0, 0.1, 0.5, 1]),
    hasSchedule: random.chance(0.1),
    startsFirst: random.chance(0.5),
  };
}

function randomAction(random: SeededRandom, version: number, services: readonly SimulatedService[]): Action {
  const all = services.map(({ name }) => name);
  const some = () => all.filter(() => random.chance(0.5));
  const one = () => random.pick(all as [string, ...string[]]);
  const roll = random.below(100);
  if (roll < 7) return { do: 'start', services: some() };
  if (roll < 15) return { do: 'stop', services: some() };
  if (roll < 22) return { do: 'restart', services: some() };
  if (roll < 32) return { do: 'reload', services: some() };
  if (roll < 38) return { do: 'scale', service: one(), instances: 1 + random.below(4) };
  if (roll < 48) return { do: 'apply', version, changed: some(), without: random.chance(0.4) ? [one()] : [] };
  if (roll < 60)
    return { do: 'crash', service: one(), instance: random.below(3), exitCode: random.pick([0, 1, 6, 137]) };
  if (roll < 63) return { do: 'out-of-memory', service: one() };
  if (roll < 96)
    return { do: 'advance', ms: random.pick([0, 1, 200, 1_000, 5_000, 20_000, 90_000, 400_000]) };
  return { do: 'jump-wall', ms: random.pick([-day, -1_000, 1_000, day]) };
}

/** Removes whatever the failure does not need: halves first, then single actions. */
export async function shrinkTrace(trace: Trace, fails: (trace: Trace) => Promise<boolean>): Promise<Trace> {
  let best = trace;
  for (
    let size = Math.ceil(best.actions.length / 2);
    size >= 1;
    size = size === 1 ? 0 : Math.ceil(size / 2)
  ) {
    for (let at = 0; at < best.actions.length;) {
      const actions = [...best.actions.slice(0, at), ...best.actions.slice(at + size)];
      const shorter = { ...best, actions };
      if (await fails(shorter)) best = shorter;
      else at += size;
    }
  }
  return best;
}
