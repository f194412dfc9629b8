import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ExitCode, serviceStates, stepLifecycle, type LifecycleModel, type Step } from '@mainstay/core';
import { InvariantError, type Invariant } from './lifecycle-invariants.ts';
import { randomTrace, shrinkTrace, type Trace } from './lifecycle-trace.ts';
import { LifecycleWorld, type StepFunction } from './lifecycle-world.ts';

/** MAINSTAY_SIM_SEED repeats one life; MAINSTAY_SIM_RUNS lives more of them. */
const onlySeed = process.env['MAINSTAY_SIM_SEED'];
const runs = Number(process.env['MAINSTAY_SIM_RUNS'] ?? 20_000);

function failureOf(trace: Trace, step: StepFunction = stepLifecycle): Error | undefined {
  try {
    new LifecycleWorld(trace, step).live();
    return undefined;
  } catch (error) {
    return error instanceof Error ? error : new Error('Not an error was thrown', { cause: error });
  }
}

function describeFailure(trace: Trace, failure: Error | undefined, step?: StepFunction): string {
  const shrunk = shrinkTrace(trace, (shorter) => failureOf(shorter, step) !== undefined);
  const lines = shrunk.actions.map((action) => `  ${JSON.stringify(action)}`).join('\n');
  return `seed ${trace.seed}: ${String(failure)}\nshrunk to ${JSON.stringify(shrunk.accepts)}:\n${lines}\n${String(failureOf(shrunk, step))}`;
}

describe('lifecycle under random controls, failures, hangs, crashes and clock jumps', () => {
  it(onlySeed === undefined ? `${runs} lives keep every invariant` : `seed ${onlySeed}`, () => {
    const first = Number(onlySeed ?? 1);
    const last = onlySeed === undefined ? runs : first;
    for (let seed = first; seed <= last; seed++) {
      const trace = randomTrace(seed);
      const failure = failureOf(trace);
      if (failure !== undefined) assert.fail(describeFailure(trace, failure));
    }
  });

  it('the lives are not all alike: every state, handler and kind of end is among them', () => {
    const seen = new Set<string>();
    const watched: StepFunction = (model, event) => {
      const step = stepLifecycle(model, event);
      seen.add(step.model.state);
      if (step.model.inFlight) seen.add(step.model.inFlight.handler);
      if (step.model.exit) seen.add(`exit ${step.model.exit.reason}`);
      return step;
    };
    for (let seed = 1; seed <= 2_000; seed++) failureOf(randomTrace(seed), watched);
    const handlers = ['start', 'pause', 'continue', 'reload', 'deliver', 'stop', 'dispose'];
    const ends = ['stopped', 'start-failed', 'stop-failed', 'crashed', 'forced'].map((end) => `exit ${end}`);
    assert.deepEqual([...seen].sort(), [...new Set([...serviceStates, ...handlers, ...ends])].sort());
  });

  it('the same seed makes the same life', () => {
    assert.deepEqual(randomTrace(77), randomTrace(77));
    assert.notDeepEqual(randomTrace(77).actions, randomTrace(78).actions);
  });
});

/** A machine with one mistake in it. */
interface Mutation {
  readonly mistake: string;
  readonly breaks: Invariant | 'liveness' | 'answers';
  readonly step: StepFunction;
}

const edited =
  (edit: (step: Step, before: LifecycleModel, event: Parameters<StepFunction>[1]) => Step): StepFunction =>
  (model, event) =>
    edit(stepLifecycle(model, event), model, event);

const mutations: readonly Mutation[] = [
  {
    mistake: 'a paused service is running at once when it is to go on',
    breaks: 'state moves as documented',
    step: edited((step, before) =>
      before.state === 'paused' && step.model.state === 'continue-pending'
        ? { ...step, model: { ...step.model, state: 'running' } }
        : step,
    ),
  },
  {
    mistake: 'a checkpoint starts again from 1',
    breaks: 'checkpoint grows while pending',
    step: edited((step, _before, event) =>
      event.type === 'checkpoint' ? { ...step, model: { ...step.model, checkpoint: 1 } } : step,
    ),
  },
  {
    mistake: 'a pause does not wait for the reload that runs',
    breaks: 'one handler at a time',
    step: (model, event) =>
      event.type === 'control' && event.control.type === 'pause' && model.inFlight?.handler === 'reload'
        ? stepLifecycle({ ...model, inFlight: undefined }, event)
        : stepLifecycle(model, event),
  },
  {
    mistake: 'a stop does not wait for the start',
    breaks: 'one handler at a time',
    step: (model, event) => {
      const next = stepLifecycle(model, event);
      if (
        event.type !== 'control' ||
        model.inFlight?.handler !== 'start' ||
        next.model.stopReason === undefined
      )
        return next;
      if (model.stopReason !== undefined) return next;
      const run = next.model.runs + 1;
      return {
        model: { ...next.model, operation: 'stop', runs: run, inFlight: { handler: 'stop', run } },
        effects: [...next.effects, { type: 'invoke', handler: 'stop', run }],
      };
    },
  },
  {
    mistake: 'a crash runs the stop handler',
    breaks: 'stop at most once, after a start, not after a crash',
    step: (model, event) =>
      event.type === 'crashed' && model.state === 'running' && !model.inFlight
        ? stepLifecycle(model, { type: 'control', control: { type: 'stop', reason: 'stop' } })
        : stepLifecycle(model, event),
  },
  {
    mistake: 'the clean-up is done twice',
    breaks: 'dispose exactly once',
    step: edited((step) => ({
      ...step,
      effects: step.effects.flatMap((effect) =>
        effect.type === 'invoke' && effect.handler === 'dispose'
          ? [effect, { ...effect, run: effect.run + 1000 }]
          : [effect],
      ),
    })),
  },
  {
    mistake: 'something is reported after the exit',
    breaks: 'exit is last',
    step: edited((step) => {
      const exit = step.effects.at(-1);
      const report = step.effects.find((effect) => effect.type === 'report');
      return exit?.type === 'exit' && report ? { ...step, effects: [...step.effects, report] } : step;
    }),
  },
  {
    mistake: 'a text that comes after the end changes the status',
    breaks: 'exit is last',
    step: (model, event) =>
      model.exit && event.type === 'text'
        ? { model: { ...model, text: event.text }, effects: [] }
        : stepLifecycle(model, event),
  },
  {
    mistake: 'hosts are told after the handler was called',
    breaks: 'report first',
    step: edited((step) => ({
      ...step,
      effects: step.effects.some((effect) => effect.type === 'exit')
        ? step.effects
        : step.effects.toReversed(),
    })),
  },
  {
    mistake: 'the timer of a pause is not cleared',
    breaks: 'timers belong to what is under way',
    step: edited((step, before) =>
      before.state === 'pause-pending'
        ? { ...step, effects: step.effects.filter((effect) => effect.type !== 'clear-timer') }
        : step,
    ),
  },
  {
    mistake: 'a reload has no deadline',
    breaks: 'timers belong to what is under way',
    step: edited((step) => ({
      ...step,
      effects: step.effects.filter((effect) => !(effect.type === 'set-timer' && effect.timer === 'side')),
    })),
  },
  {
    mistake: 'the clean-up after a failure that ends well makes it exit 0',
    breaks: 'a failure stays',
    step: edited((step, before) =>
      step.model.exit && !before.exit
        ? {
            model: { ...step.model, ending: { code: ExitCode.ok, reason: 'stopped', message: '' } },
            effects: step.effects,
          }
        : step,
    ),
  },
  {
    mistake: 'a stop has no deadline',
    breaks: 'liveness',
    step: edited((step) =>
      step.model.state === 'stop-pending'
        ? { ...step, effects: step.effects.filter((effect) => effect.type !== 'set-timer') }
        : step,
    ),
  },
  {
    mistake: 'deadlines of a stop begin again when they pass',
    breaks: 'liveness',
    step: (model, event) =>
      event.type === 'timeout' && model.state === 'stop-pending'
        ? { model, effects: [{ type: 'set-timer', timer: 'operation', ms: 15_000 }] }
        : stepLifecycle(model, event),
  },
  {
    mistake: 'an interrogation is not answered',
    breaks: 'answers',
    step: edited((step, _before, event) =>
      event.type === 'control' && event.control.type === 'interrogate'
        ? { ...step, effects: step.effects.filter((effect) => effect.type !== 'answer') }
        : step,
    ),
  },
];

describe('the simulation finds a machine with a mistake', () => {
  const wanted: Readonly<Record<string, RegExp>> = {
    liveness: /without a timer|has no timer|Has not ended|operation timer/,
    answers: /was not answered/,
  };

  for (const { mistake, breaks, step } of mutations) {
    it(`${mistake} → ${breaks}`, () => {
      for (let seed = 1; seed <= 3_000; seed++) {
        const trace = randomTrace(seed);
        const failure = failureOf(trace, step);
        if (failure === undefined) continue;
        const pattern = wanted[breaks];
        const found = pattern
          ? pattern.test(String(failure))
          : failure instanceof InvariantError && failure.invariant === breaks;
        if (found) return;
      }
      assert.fail('no life showed it');
    });
  }

  it('a failure is shrunk to what it needs', () => {
    const mutation = mutations.find((each) => each.mistake.startsWith('a reload has no deadline'));
    assert.ok(mutation);
    for (let seed = 1; ; seed++) {
      const trace = randomTrace(seed);
      if (failureOf(trace, mutation.step) === undefined || trace.actions.length < 10) continue;
      const shrunk = shrinkTrace(trace, (shorter) => failureOf(shorter, mutation.step) !== undefined);
      assert.ok(failureOf(shrunk, mutation.step) !== undefined);
      // The start succeeds, and one control is taken.
      assert.equal(shrunk.actions.length, 2, describeFailure(trace, undefined, mutation.step));
      return;
    }
  });
});
