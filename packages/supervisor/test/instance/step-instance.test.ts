import assert from 'node:assert/strict';
import { test } from 'node:test';

import fc from 'fast-check';

import { initialInstance, stepInstance } from '../../src/instance/machine.ts';
import {
  rulesOf,
  type InstanceEffect,
  type InstanceEvent,
  type InstanceModel,
  type InstanceTimer,
} from '../../src/instance/types.ts';
import { declare, probeOf } from '../supervisor/world.ts';

/** What happens next, in terms of what there is by then. */
type Deed =
  | { readonly do: 'start' | 'stop' | 'kill' | 'restart' | 'reload' | 'dependencies' }
  | { readonly do: 'up' | 'unaskable' | 'hint' | 'rules'; readonly which: number }
  | { readonly do: 'end'; readonly which: number; readonly exitCode: number; readonly outOfMemory: boolean }
  | {
      readonly do: 'probe';
      readonly which: number;
      readonly kind: 'startup' | 'readiness' | 'liveness';
      readonly ok: boolean;
    }
  | { readonly do: 'fire'; readonly timer: number }
  | { readonly do: 'wait'; readonly ms: number };

/** Of the processes that there have been, from the latest. */
const which = fc.nat(2);

const deed: fc.Arbitrary<Deed> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constantFrom('start', 'stop', 'kill', 'restart', 'reload', 'reload', 'dependencies'),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constantFrom('up', 'unaskable', 'hint', 'rules'), which }) },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('end'),
      which,
      exitCode: fc.constantFrom(0, 1, 6),
      outOfMemory: fc.boolean(),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('probe'),
      which,
      kind: fc.constantFrom('startup', 'readiness', 'liveness'),
      ok: fc.boolean(),
    }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('fire'), timer: fc.nat(4) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('wait'), ms: fc.constantFrom(1, 5_000, 100_000) }) },
);

const declarations = fc
  .record({
    startup: fc.boolean(),
    readiness: fc.boolean(),
    isService: fc.boolean(),
    policy: fc.constantFrom('always', 'on-failure', 'never'),
    crashLoopStarts: fc.constantFrom(2, 5),
    parkedRetryMs: fc.constantFrom(0, 300_000),
  })
  .map(({ startup, readiness, isService, ...restart }) => {
    const plain = declare('orders');
    return declare('orders', {
      program: isService ? { type: 'service', command: 'orders', args: [], source: 'orders' } : plain.program,
      health: {
        startup: startup ? probeOf(1) : undefined,
        readiness: readiness ? probeOf(2) : undefined,
        liveness: probeOf(3),
      },
      restart: { ...plain.restart, ...restart, neverOn: [6] },
    });
  });

/** Carries out what the machine says, and checks it on the way. */
class Course {
  readonly rules;
  model: InstanceModel = initialInstance();
  readonly alive = new Set<number>();
  readonly timers = new Set<InstanceTimer>();
  hasDependencies = true;
  #now = 0;
  /** Told to stop, and nothing else since. */
  #isStopped = false;

  readonly #machine: typeof stepInstance;

  constructor(declaration: ReturnType<typeof declare>, machine = stepInstance) {
    this.rules = rulesOf(declaration);
    this.#machine = machine;
  }

  act(deed: Deed): void {
    const event = this.#eventOf(deed);
    if (event) this.send(event);
  }

  send(event: InstanceEvent): void {
    this.#now += 1;
    const before = this.model;
    if (event.type === 'stop' || event.type === 'kill') this.#isStopped = true;
    if (event.type === 'start' || event.type === 'restart' || event.type === 'reload')
      this.#isStopped = false;
    const { model, effects } = this.#machine(before, event, this.rules);
    this.model = model;
    let isAsked = false;
    for (const effect of effects) {
      switch (effect.type) {
        case 'spawn':
          assert.ok(!this.#isStopped, 'nothing is spawned after a stop');
          assert.ok(this.alive.size <= (model.second ? 1 : 0), 'one process, and another one in a reload');
          assert.equal(effect.run, before.lastRun + 1);
          this.alive.add(effect.run);
          break;
        case 'ask':
        case 'kill':
          assert.ok(this.alive.has(effect.run), `${effect.type} is for a process that lives`);
          break;
        case 'set-timer':
          assert.ok(effect.ms >= 0);
          this.timers.add(effect.timer);
          break;
        case 'clear-timer':
          this.timers.delete(effect.timer);
          break;
        case 'check-dependencies':
          isAsked = true;
          break;
        default:
          break;
      }
    }
    if (before.second?.role === 'replacement' && model.second?.role !== 'replacement')
      assert.equal(effects.filter(({ type }) => type === 'reloaded').length, 1, 'a reload has one end');
    this.#check();
    if (isAsked && this.hasDependencies && model.phase === 'blocked')
      this.send({ type: 'dependencies-met', at: this.#now });
  }

  #check(): void {
    const { phase, current, second, alarmed } = this.model;
    const known = [current, second?.run].flatMap((run) => (run ? [run.run] : []));
    assert.deepEqual(new Set(known), this.alive, 'the processes that it knows are those that live');
    const allowed: Record<InstanceTimer, boolean> = {
      restart: phase === 'waiting' || phase === 'parked',
      grace: current?.endedFor !== undefined,
      leave: second?.role === 'leaving',
      reload: second?.role === 'replacement',
      stable: alarmed && current !== undefined,
    };
    for (const timer of this.timers) assert.ok(allowed[timer], `${timer} is set in ${phase}`);
    assert.equal(this.timers.has('reload'), allowed.reload, 'a replacement has a bound');
    if (current?.endedFor !== undefined && !current.forced)
      assert.ok(this.timers.has('grace'), 'who was asked to end has a bound');
    if (second?.role === 'leaving' && !second.run.forced)
      assert.ok(this.timers.has('leave'), 'who was asked to leave has a bound');
    if (phase === 'waiting') assert.ok(this.timers.has('restart'));
  }

  #eventOf(deed: Deed): InstanceEvent | undefined {
    const at = this.#now;
    const run = 'which' in deed ? Math.max(1, this.model.lastRun - deed.which) : 0;
    switch (deed.do) {
      case 'start':
        return { type: 'start', cause: 'manual' };
      case 'stop':
      case 'kill':
        return { type: deed.do };
      case 'restart':
        return { type: 'restart', cause: 'manual' };
      case 'reload':
        return { type: 'reload', cause: 'reload', at };
      case 'dependencies':
        this.hasDependencies = !this.hasDependencies;
        return this.hasDependencies ? { type: 'dependencies-met', at } : undefined;
      case 'up':
        return { type: 'up', run, at };
      case 'unaskable':
        return { type: 'unaskable', run };
      case 'hint':
        return { type: 'stop-hint', run, ms: 1000 };
      case 'rules':
        return { type: 'rules', run, at };
      case 'probe':
        return { type: 'probe', run, kind: deed.kind, ok: deed.ok, detail: 'it says so', at };
      case 'end':
        return this.#end(run, deed);
      case 'fire': {
        const timer = [...this.timers][deed.timer % Math.max(1, this.timers.size)];
        if (timer === undefined) return undefined;
        this.timers.delete(timer);
        return { type: 'timer', timer, at };
      }
      case 'wait':
        this.#now += deed.ms;
        return undefined;
    }
  }

  #end(run: number, { exitCode, outOfMemory }: Deed & { do: 'end' }): InstanceEvent | undefined {
    // Also of one that has ended before: who tells it twice is not believed.
    this.alive.delete(run);
    const description = `exit code ${exitCode}`;
    return { type: 'ended', run, at: this.#now, exitCode, outOfMemory, description, random: 0.5 };
  }
}

const courses = fc.tuple(declarations, fc.array(deed, { maxLength: 60, size: 'max' }));

const holds = (machine: typeof stepInstance) =>
  fc.property(courses, ([declaration, deeds]) => {
    const course = new Course(declaration, machine);
    course.send({ type: 'start', cause: 'start' });
    for (const each of deeds) course.act(each);
  });

test('whatever happens, the invariants of the machine hold', () => {
  fc.assert(holds(stepInstance), { numRuns: 3000 });
});

/** A machine that forgets one kind of effect. */
const without =
  (type: string, timer?: InstanceTimer): typeof stepInstance =>
  (...given) => {
    const { model, effects } = stepInstance(...given);
    const isIt = (effect: InstanceEffect) =>
      effect.type === type && (timer === undefined || ('timer' in effect && effect.timer === timer));
    return { model, effects: effects.filter((effect) => !isIt(effect)) };
  };

const mistakes: Readonly<Record<string, typeof stepInstance>> = {
  'no grace is set': without('set-timer', 'grace'),
  'the grace is not taken back': without('clear-timer', 'grace'),
  'a replacement has no bound': without('set-timer', 'reload'),
  'the bound of a replacement is not taken back': without('clear-timer', 'reload'),
  'the restart is not taken back': without('clear-timer', 'restart'),
  'the end of a reload is not told': without('reloaded'),
  'a start while it stops is carried out at once': (model, event, rules) =>
    event.type === 'start' && model.phase === 'stopping'
      ? stepInstance({ ...model, phase: 'stopped' }, event, rules)
      : stepInstance(model, event, rules),
  'a stop keeps the start that is due': (model, event, rules) => {
    const step = stepInstance(model, event, rules);
    if (event.type !== 'stop' || model.phase !== 'blocked') return step;
    return { ...step, model: { ...step.model, phase: 'blocked', next: model.next } };
  },
};

for (const [mistake, machine] of Object.entries(mistakes)) {
  test(`that would be seen: ${mistake}`, () => {
    assert.equal(fc.check(holds(machine), { numRuns: 3000, endOnFailure: true }).failed, true);
  });
}

test('whatever has happened, a stop leads to rest: no process, no timer', () => {
  fc.assert(
    fc.property(courses, fc.constantFrom('stop', 'kill'), ([declaration, deeds], how) => {
      const course = new Course(declaration);
      course.send({ type: 'start', cause: 'start' });
      for (const each of deeds) course.act(each);
      course.send({ type: how });
      // Every process that was asked or killed ends at last, in the order of their starts.
      for (const run of course.alive)
        course.act({ do: 'end', which: course.model.lastRun - run, exitCode: 0, outOfMemory: false });
      assert.ok(['stopped', 'completed', 'failed'].includes(course.model.phase), course.model.phase);
      assert.deepEqual([...course.timers], []);
      assert.equal(course.alive.size, 0);
    }),
    { numRuns: 3000 },
  );
});

test('from whatever there is at rest, a start starts a process', () => {
  fc.assert(
    fc.property(courses, ([declaration, deeds]) => {
      const course = new Course(declaration);
      for (const each of deeds) course.act(each);
      course.hasDependencies = true;
      course.send({ type: 'dependencies-met', at: 1e9 });
      course.send({ type: 'kill' });
      for (const run of course.alive)
        course.act({ do: 'end', which: course.model.lastRun - run, exitCode: 1, outOfMemory: false });
      const { lastRun } = course.model;
      course.send({ type: 'start', cause: 'manual' });
      assert.equal(course.model.lastRun, lastRun + 1);
      assert.ok(course.alive.has(lastRun + 1));
    }),
    { numRuns: 1000 },
  );
});
