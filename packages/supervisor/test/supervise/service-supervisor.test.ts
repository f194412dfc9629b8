import assert from 'node:assert/strict';
import { test } from 'node:test';

import { VirtualClock, type Control, type LifecycleStatus } from '@mainstay/core';

import {
  ServiceSupervisor,
  stateOf,
  type HealthProbe,
  type ProgramSpec,
  type RunEnd,
  type RunEvents,
  type Run,
  type ServiceEvent,
} from '../../src/index.ts';

/** A run that a test ends by hand. */
class FakeRun implements Run {
  readonly pid: number;
  readonly events: RunEvents;
  readonly controls: Control[] = [];
  readonly ended: Promise<RunEnd>;
  end!: (exitCode: number | undefined, signal?: string) => void;
  answer: HealthProbe | undefined;
  killed = false;

  constructor(pid: number, events: RunEvents) {
    this.pid = pid;
    this.events = events;
    this.ended = new Promise((resolve) => {
      this.end = (exitCode, signal) => resolve({ exitCode, signal, error: undefined });
    });
  }

  async control(control: Control): Promise<'accepted'> {
    this.controls.push(control);
    return 'accepted';
  }

  async probe(): Promise<HealthProbe | undefined> {
    return this.answer;
  }

  kill(): void {
    this.killed = true;
    this.end(undefined, 'SIGKILL');
  }
}

function subject(options: { readUsage?: () => Promise<undefined> } = {}): {
  readonly supervisor: ServiceSupervisor;
  readonly clock: VirtualClock;
  readonly runs: FakeRun[];
  readonly events: ServiceEvent[];
} {
  const clock = new VirtualClock();
  const runs: FakeRun[] = [];
  const events: ServiceEvent[] = [];
  const spec: ProgramSpec = { name: 'orders', command: 'x', args: [], cwd: '/', env: {} };
  const runner = {
    start: (_spec: ProgramSpec, runEvents: RunEvents) => {
      const run = new FakeRun(100 + runs.length, runEvents);
      runs.push(run);
      return run;
    },
  };
  let cpuMs = 0;
  const readUsage = async () => ({ cpuMs: (cpuMs += 500), rssBytes: 1024 });
  const supervisor = new ServiceSupervisor({
    spec,
    clock,
    runner,
    readUsage: options.readUsage ?? readUsage,
    random: () => 1,
    onEvent: (event) => events.push(event),
  });
  return { supervisor, clock, runs, events };
}

function status(state: LifecycleStatus['state'], change: Partial<LifecycleStatus> = {}): LifecycleStatus {
  const accepts = { pause: false, reload: false, custom: [], sessionChange: false, powerEvent: false };
  return { state, accepts, checkpoint: 0, waitHintMs: 0, reloading: false, text: '', ...change };
}

const settle = () => new Promise((resolve) => setImmediate(resolve));

test('a crash is restarted after the wait, and counted', async () => {
  const { supervisor, clock, runs, events } = subject();
  supervisor.start();
  assert.equal(stateOf(supervisor.view()), 'starting');
  runs[0]?.events.onStatus(status('running', { text: 'Serving' }));
  assert.equal(stateOf(supervisor.view()), 'running');
  assert.equal(supervisor.view().text, 'Serving');
  runs[0]?.end(70);
  await settle();
  assert.equal(stateOf(supervisor.view()), 'restarting');
  const end = { description: 'exit code 70', exitCode: 70, uptimeMs: 0, forced: false };
  assert.deepEqual(events.at(-1), { type: 'ended', end });
  clock.advance(999);
  assert.equal(runs.length, 1);
  clock.advance(1);
  assert.equal(runs.length, 2);
  assert.equal(supervisor.view().restarts, 1);
  assert.equal(supervisor.view().pid, 101);
});

test('health and usage are asked for, and a silent service has failed', async () => {
  const { supervisor, clock, runs } = subject();
  supervisor.start();
  const run = runs[0];
  assert.ok(run);
  run.events.onStatus(status('running'));
  run.answer = { report: { state: 'degraded', ready: true, checks: {} }, metrics: {} };
  clock.advance(2000);
  await settle();
  assert.equal(supervisor.view().health, 'degraded');
  assert.equal(supervisor.view().rssBytes, 1024);
  run.answer = undefined;
  clock.advance(2000);
  await settle();
  assert.equal(supervisor.view().health, 'failed');
  assert.equal(supervisor.view().cpuPercent, 25);
});

test('a stop asks, waits as long as the service says, and kills what hangs', async () => {
  const { supervisor, clock, runs, events } = subject();
  supervisor.start();
  const run = runs[0];
  assert.ok(run);
  supervisor.stop();
  assert.deepEqual(run.controls, [{ type: 'stop', reason: 'stop' }]);
  clock.advance(19_000);
  run.events.onStatus(status('stop-pending', { waitHintMs: 30_000 }));
  clock.advance(49_000);
  assert.equal(run.killed, false);
  clock.advance(2000);
  assert.equal(run.killed, true);
  await supervisor.settled();
  assert.equal(supervisor.view().phase, 'stopped');
  await settle();
  const end = { description: 'signal SIGKILL', exitCode: undefined, uptimeMs: 70_000, forced: true };
  assert.deepEqual(events.at(-1), { type: 'ended', end });
  assert.equal(clock.pendingTimers, 0);
});

test('without /proc the service says itself what it takes', async () => {
  const { supervisor, clock, runs } = subject({ readUsage: async () => undefined });
  supervisor.start();
  const run = runs[0];
  assert.ok(run);
  run.events.onStatus(status('running'));
  const report = { state: 'ok', ready: true, checks: {} } as const;
  const instance = (cpuMs: number) => ({ instance: 0, metrics: { cpuMs, rssBytes: 30 } });
  run.answer = { report, metrics: { cpuMs: 100, rssBytes: 10, instances: [instance(1000), instance(0)] } };
  clock.advance(2000);
  await settle();
  assert.deepEqual([supervisor.view().cpuPercent, supervisor.view().rssBytes], [undefined, 70]);
  run.answer = { report, metrics: { cpuMs: 200, rssBytes: 10, instances: [instance(1900), null] } };
  clock.advance(2000);
  await settle();
  assert.deepEqual([supervisor.view().cpuPercent, supervisor.view().rssBytes], [50, 40]);
  run.answer = { report, metrics: 'nothing of use' };
  clock.advance(2000);
  await settle();
  assert.equal(supervisor.view().rssBytes, 40);
});

test('a stop while a restart is due leaves nothing behind', async () => {
  const { supervisor, clock, runs } = subject();
  supervisor.start();
  runs[0]?.end(1);
  await settle();
  supervisor.stop();
  await supervisor.settled();
  clock.advance(100_000);
  assert.equal(runs.length, 1);
  assert.equal(clock.pendingTimers, 0);
});
