import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { stepInstance, type InstanceStep } from '@mainstay/supervisor';

import { InvariantError, type Invariant } from './supervisor-invariants.ts';
import { randomTrace, shrinkTrace, type SimulatedService, type Trace } from './supervisor-trace.ts';
import { SupervisorWorld, type StepFunction } from './supervisor-world.ts';

/** MAINSTAY_SIM_SEED repeats one life; MAINSTAY_SIM_RUNS lives more of them. */
const onlySeed = process.env['MAINSTAY_SIM_SEED'];
const runs = Number(process.env['MAINSTAY_SIM_RUNS'] ?? 1_000);

async function failureOf(trace: Trace, step?: StepFunction): Promise<Error | undefined> {
  try {
    await new SupervisorWorld(trace, step).live();
    return undefined;
  } catch (error) {
    return error instanceof Error ? error : new Error('Not an error was thrown', { cause: error });
  }
}

const kindOf = (failure: Error | undefined): string | undefined => failure?.message.split(':')[0];

function shrunk(trace: Trace, failure: Error | undefined, step?: StepFunction): Promise<Trace> {
  const kind = kindOf(failure);
  return shrinkTrace(trace, async (shorter) => kindOf(await failureOf(shorter, step)) === kind);
}

async function describeFailure(trace: Trace, failure: Error): Promise<string> {
  const shorter = await shrunk(trace, failure);
  const lines = shorter.actions.map((action) => `  ${JSON.stringify(action)}`).join('\n');
  const again = await failureOf(shorter);
  return `seed ${trace.seed}: ${String(failure)}\nshrunk to ${JSON.stringify(shorter.services)}:\n${lines}\n${again?.stack}`;
}

describe('a supervisor under random programs, commands, manifests and clock jumps', () => {
  it(onlySeed === undefined ? `${runs} lives keep every invariant` : `seed ${onlySeed}`, async () => {
    const first = Number(onlySeed ?? 1);
    const last = onlySeed === undefined ? runs : first;
    for (let seed = first; seed <= last; seed++) {
      const trace = randomTrace(seed);
      const failure = await failureOf(trace);
      if (failure !== undefined) assert.fail(await describeFailure(trace, failure));
    }
  });

  it('the lives are not all alike: every phase and every cause of a start is among them', async () => {
    const seen = new Set<string>();
    for (let seed = 1; seed <= 150; seed++) {
      const world = new SupervisorWorld(randomTrace(seed));
      await world.live();
      for (const event of world.events) {
        if (event.type === 'phase') seen.add(event.to);
        if (event.type === 'started') seen.add(`by ${event.cause}`);
      }
    }
    const phases = [
      'blocked',
      'starting',
      'running',
      'unready',
      'stopping',
      'waiting',
      'stopped',
      'completed',
    ];
    const causes = [
      'start',
      'crash',
      'exit',
      'probe',
      'out-of-memory',
      'manual',
      'reload',
      'config',
      'scale',
    ];
    const wanted = [
      ...phases,
      'failed',
      'parked',
      ...causes.map((cause) => `by ${cause}`),
      'by parked-retry',
    ];
    assert.deepEqual(
      wanted.filter((each) => !seen.has(each)),
      [],
    );
  });

  it('the same seed makes the same life', async () => {
    const [one, other] = [new SupervisorWorld(randomTrace(77)), new SupervisorWorld(randomTrace(77))];
    await one.live();
    await other.live();
    assert.deepEqual(one.events, other.events);
    assert.ok(one.events.length > 0);
  });
});

const bad: Omit<SimulatedService, 'name'> = {
  instances: 1,
  policy: 'always',
  reports: false,
  probes: { startup: false, readiness: false, liveness: false },
  dependsOn: [],
  violence: 2,
  hasSchedule: false,
  startsFirst: false,
};

describe('a supervisor in bad company', () => {
  it('200 services that crash at once cost a bounded number of starts', async () => {
    const services = Array.from({ length: 200 }, (_, index) => ({ ...bad, name: `looping-${index}` }));
    const trace: Trace = { seed: 5, services, actions: [{ do: 'advance', ms: 3_600_000 }] };
    const world = new SupervisorWorld(trace);
    await world.live();
    // Five starts within a few seconds, then one every five minutes.
    assert.equal(world.starts, 200 * (5 + 11));
    const parked = world.events.filter((event) => event.type === 'crash-loop' && event.parked);
    assert.equal(parked.length, 200);
  });

  it('a clock that jumps a day, both ways, neither restarts twice nor spins', async () => {
    const day = 86_400_000;
    const service = { ...bad, name: 'nightly', violence: 0, hasSchedule: true };
    const advance = { do: 'advance', ms: 120_000 } as const;
    const jumps = [day, -day, day, -3 * day].map((ms) => ({ do: 'jump-wall', ms }) as const);
    const actions = jumps.flatMap((jump) => [jump, advance]);
    const world = new SupervisorWorld({ seed: 1, services: [service], actions: [advance, ...actions] });
    await world.live();
    const causes = world.events.flatMap((event) => (event.type === 'started' ? [event.cause] : []));
    // What was done before the clock was set back is not done again.
    assert.deepEqual(causes, ['start', 'schedule']);
  });
});

/** A machine with one mistake in it. */
interface Mutation {
  readonly mistake: string;
  readonly breaks: readonly Invariant[];
  readonly step: StepFunction;
}

const edited =
  (edit: (step: InstanceStep, ...of: Parameters<StepFunction>) => InstanceStep): StepFunction =>
  (model, event, rules) =>
    edit(stepInstance(model, event, rules), model, event, rules);

const without = (step: InstanceStep, type: string, timer?: string): InstanceStep => ({
  ...step,
  effects: step.effects.filter(
    (effect) => effect.type !== type || (timer !== undefined && 'timer' in effect && effect.timer !== timer),
  ),
});

const mutations: readonly Mutation[] = [
  {
    mistake: 'a start does not wait for its dependencies',
    breaks: ['dependencies hold at each start'],
    step: edited((step, _model, event, rules) => {
      if (!step.effects.some(({ type }) => type === 'check-dependencies')) return step;
      const at = 'at' in event ? event.at : 0;
      const next = stepInstance(step.model, { type: 'dependencies-met', at }, rules);
      return {
        model: next.model,
        effects: [...without(step, 'check-dependencies').effects, ...next.effects],
      };
    }),
  },
  {
    mistake: 'a stop of one that waits for its restart is forgotten',
    breaks: ['what was stopped says so'],
    step: (model, event, rules) =>
      event.type === 'stop' && model.phase === 'waiting'
        ? { model, effects: [] }
        : stepInstance(model, event, rules),
  },
  {
    mistake: 'the timer of a restart is not cleared by a stop',
    breaks: ['no timer is left'],
    step: edited((step, _model, event) =>
      event.type === 'stop' ? without(step, 'clear-timer', 'restart') : step,
    ),
  },
  {
    mistake: 'one that was asked to stop is started again when it has ended',
    breaks: ['what was stopped says so'],
    step: (model, event, rules) =>
      event.type === 'ended' && model.current?.endedFor === 'stop'
        ? stepInstance({ ...model, current: { ...model.current, endedFor: 'manual' } }, event, rules)
        : stepInstance(model, event, rules),
  },
  {
    mistake: 'a restart does not wait for the end of the old process',
    breaks: ['one process for each instance', 'the phase says whether there is a process'],
    step: (model, event, rules) =>
      event.type === 'restart' && model.current
        ? stepInstance({ ...model, current: undefined, phase: 'stopped' }, event, rules)
        : stepInstance(model, event, rules),
  },
  {
    mistake: 'a stop has no grace',
    breaks: ['a shutdown ends'],
    step: edited((step) => without(step, 'set-timer', 'grace')),
  },
  {
    mistake: 'the grace passes, and nothing is killed',
    breaks: ['a shutdown ends'],
    step: edited((step, _model, event) => (event.type === 'timer' ? without(step, 'kill') : step)),
  },
  {
    mistake: 'the old process is not asked to leave after a reload',
    breaks: ['one process for each instance', 'a shutdown ends', 'nothing is left'],
    step: edited((step, model) =>
      model.second?.role === 'replacement' ? without(without(step, 'ask'), 'set-timer', 'leave') : step,
    ),
  },
  {
    mistake: 'a crash loop is not noticed',
    breaks: ['a crash loop is parked'],
    step: (model, event, rules) =>
      stepInstance(model, event, {
        ...rules,
        restart: { ...rules.restart, crashLoopStarts: 1000, backoffMaxMs: 1 },
      }),
  },
  {
    mistake: 'the first crash is taken for a loop',
    breaks: ['parked after a crash loop, not before'],
    step: (model, event, rules) =>
      stepInstance(model, event, { ...rules, restart: { ...rules.restart, crashLoopStarts: 1 } }),
  },
  {
    mistake: 'the end of a process is not noticed',
    breaks: ['the phase says whether there is a process'],
    step: (model, event, rules) =>
      event.type === 'ended' && model.current?.endedFor === undefined
        ? { model, effects: [] }
        : stepInstance(model, event, rules),
  },
  {
    mistake: 'a liveness probe that fails restarts nothing',
    breaks: ['a failed probe is acted upon'],
    step: (model, event, rules) =>
      event.type === 'probe' && event.kind === 'liveness'
        ? { model, effects: [] }
        : stepInstance(model, event, rules),
  },
  {
    mistake: 'a stop is taken for a kill that nobody asked for, and the end of it for a crash',
    breaks: ['what was stopped says so', 'one process for each instance'],
    step: (model, event, rules) =>
      event.type === 'ended' && model.current?.endedFor === 'stop'
        ? stepInstance({ ...model, current: { ...model.current, endedFor: undefined } }, event, rules)
        : stepInstance(model, event, rules),
  },
];

describe('the simulation finds a machine with a mistake', () => {
  for (const { mistake, breaks, step } of mutations) {
    it(`${mistake} → ${breaks.join(', or ')}`, async () => {
      const found = new Set<string | undefined>();
      for (let seed = 1; seed <= 400; seed++) {
        const failure = await failureOf(randomTrace(seed), step);
        if (failure instanceof InvariantError && breaks.includes(failure.invariant)) return;
        found.add(failure?.message);
      }
      assert.fail(`no life showed it, but: ${[...found].slice(0, 5).join('; ')}`);
    });
  }

  it('a failure is shrunk to what it needs', async () => {
    const mutation = mutations.find(({ mistake }) => mistake.startsWith('a liveness probe'));
    assert.ok(mutation);
    for (let seed = 1; ; seed++) {
      const trace = randomTrace(seed);
      const failure = await failureOf(trace, mutation.step);
      if (failure === undefined || trace.actions.length < 8) continue;
      const shorter = await shrunk(trace, failure, mutation.step);
      assert.equal(kindOf(await failureOf(shorter, mutation.step)), kindOf(failure));
      // A process, and time enough for its probes to fail.
      assert.ok(shorter.actions.length <= 3, JSON.stringify(shorter.actions));
      return;
    }
  });
});
