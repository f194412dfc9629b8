// What `up` makes of each event, with a presenter that only takes notes.
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';

import { ExitCode } from '@mainstay/core';
import type {
  EndedRunView,
  InstanceView,
  LogLine as StoredLine,
  ServiceView,
  SupervisorEvent,
} from '@mainstay/supervisor';

import type { Presenter } from '../../src/up/presenter.ts';
import { UpSession } from '../../src/up/session.ts';

const end: EndedRunView = {
  run: 1,
  exitCode: 0,
  signal: undefined,
  outOfMemory: false,
  error: undefined,
  forced: false,
  endedFor: 'stop',
  uptimeMs: 5000,
  at: 0,
  lastLines: [],
};

const instance: InstanceView = {
  instance: 0,
  phase: 'running',
  run: 1,
  pid: 42,
  startedAt: 0,
  uptimeMs: 5000,
  restarts: 0,
  restartsByCause: {},
  reason: undefined,
  nextStartAt: undefined,
  text: '',
  state: undefined,
  health: undefined,
  probes: {},
  cpuPercent: undefined,
  memoryBytes: undefined,
  processes: undefined,
  openFiles: undefined,
  runtime: undefined,
  lastEnd: undefined,
};

const id = { service: 'web', instance: 0, run: 1 };

class World {
  readonly notes: string[] = [];
  readonly stops: boolean[] = [];
  view: ServiceView = {
    name: 'web',
    runner: 'process',
    state: 'running',
    instances: [instance],
    wanted: 1,
    waitsFor: [],
  };
  readonly session: UpSession;

  constructor(attached = true) {
    const note = (text: string): void => void this.notes.push(text);
    const presenter: Presenter = {
      changed: ({ label, instance: one }) => note(`changed ${label} ${one?.phase}`),
      ended: ({ label }, { exitCode, signal }) => note(`ended ${label} ${exitCode ?? signal}`),
      line: (label, { text }) => note(`line ${label} ${text}`),
      url: (label, url) => note(`url ${label} ${url}`),
      problem: (label, message) => note(`problem ${label} ${message}`),
      notice: (message) => note(`notice ${message}`),
      close: () => note('close'),
    };
    this.session = new UpSession(() => presenter);
    if (attached) this.attach();
  }

  attach(): void {
    this.session.attach({
      views: () => [this.view],
      settled: () => Promise.resolve(),
      shutdown: async ({ force }) => void this.stops.push(force),
    });
  }

  now(changes: Partial<InstanceView>): void {
    this.view = { ...this.view, instances: [{ ...instance, ...changes }] };
  }

  /** Resolves when what follows the event has been said, too. */
  async take(event: SupervisorEvent): Promise<readonly string[]> {
    this.session.take(event);
    await new Promise((resolve) => setImmediate(resolve));
    return this.notes.splice(0);
  }

  async endedWith(changes: Partial<EndedRunView>): Promise<readonly string[]> {
    return this.take({ type: 'ended', at: 0, id, end: { ...end, ...changes } });
  }
}

const stored = (text: string): StoredLine => ({
  service: 'web',
  instance: 0,
  run: 1,
  stream: 'stdout',
  time: 0,
  partial: false,
  text,
});

suite('the session of up', () => {
  test('a change, a phase and a start are shown as the view is then', async () => {
    const world = new World();
    world.now({ phase: 'starting' });
    for (const event of [
      { type: 'changed', at: 0, service: 'web', instance: 0 },
      { type: 'phase', at: 0, id, from: 'blocked', to: 'starting', reason: undefined },
      { type: 'started', at: 0, id, cause: 'start', pid: 42 },
    ] as const)
      assert.deepEqual(await world.take(event), ['changed web starting'], event.type);
    assert.deepEqual(await world.take({ type: 'changed', at: 0, service: 'gone', instance: 0 }), []);
  });

  test('instances are told apart when there are several', async () => {
    const world = new World();
    world.view = { ...world.view, wanted: 2, instances: [instance, { ...instance, instance: 1 }] };
    assert.deepEqual(await world.take({ type: 'changed', at: 0, service: 'web', instance: 1 }), [
      'changed web/1 running',
    ]);
  });

  test('an end as it should be is an end; the exit code is good', async () => {
    const world = new World();
    world.now({ phase: 'stopped', pid: undefined });
    assert.deepEqual(await world.endedWith({}), ['ended web 0', 'changed web stopped']);
    assert.deepEqual(await world.endedWith({ exitCode: undefined, signal: 'SIGTERM' }), [
      'ended web SIGTERM',
    ]);
    assert.equal(await world.session.ended(), ExitCode.ok);
  });

  test('an end that is followed by a restart is a problem, and no failure', async () => {
    const world = new World();
    world.now({ phase: 'waiting', pid: undefined });
    assert.deepEqual(await world.endedWith({ exitCode: 3, endedFor: undefined }), [
      'problem web Ended with exit code 3 after 5s; it will be started again',
      'changed web waiting',
    ]);
    assert.equal(await world.session.ended(), ExitCode.ok);
  });

  test('an end is told before the start that follows it', async () => {
    const world = new World();
    world.now({ phase: 'starting' });
    world.session.take({
      type: 'ended',
      at: 0,
      id,
      end: { ...end, exitCode: 3, endedFor: undefined },
    });
    assert.deepEqual(await world.take({ type: 'started', at: 0, id, cause: 'crash', pid: 43 }), [
      'problem web Ended with exit code 3 after 5s; it is started again',
      'changed web starting',
      'changed web starting',
    ]);
  });

  test('what is given up, or parked, is a failure with its reason', async () => {
    for (const [phase, nextStartAt, next] of [
      ['failed', undefined, 'it will not be started again'],
      ['parked', 99, 'it is tried again later'],
    ] as const) {
      const world = new World();
      world.now({ phase, pid: undefined, reason: 'It is no use', nextStartAt });
      assert.equal((await world.endedWith({ exitCode: 1 }))[0], `problem web It is no use; ${next}`);
      assert.equal(await world.session.ended(), ExitCode.failed);
    }
  });

  test('a stop that failed, or had to be forced', async () => {
    const failed = new World();
    failed.now({ phase: 'stopped', pid: undefined });
    assert.match(
      (await failed.endedWith({ exitCode: 9 }))[0] ?? '',
      /Did not stop as it should: exit code 9/,
    );
    assert.equal(await failed.session.ended(), ExitCode.failed);
    const forced = new World();
    forced.now({ phase: 'stopped', pid: undefined });
    const notes = await forced.endedWith({ exitCode: undefined, signal: 'SIGKILL', forced: true });
    assert.match(notes[0] ?? '', /was forced: signal SIGKILL/);
    assert.equal(await forced.session.ended(), ExitCode.forced);
  });

  test('probes and limits: what is wrong is said once, what is well again is not', async () => {
    const world = new World();
    const probe = {
      type: 'probe-state',
      at: 0,
      id,
      kind: 'liveness',
      detail: 'no answer within 5s',
    } as const;
    assert.deepEqual(await world.take({ ...probe, ok: false }), [
      'problem web Its liveness probe fails: no answer within 5s',
    ]);
    assert.deepEqual(await world.take({ ...probe, ok: true }), []);
    const limit = {
      type: 'limit',
      at: 0,
      id,
      limit: 'memory.soft',
      used: 2,
      bound: 1,
      action: 'alert',
    } as const;
    assert.equal((await world.take({ ...limit, exceeded: true })).length, 1);
    assert.deepEqual(await world.take({ ...limit, exceeded: false }), []);
    const one = { ok: false, detail: '', tookMs: 1 };
    assert.deepEqual(
      await world.take({ type: 'probe', at: 0, id, kind: 'liveness', result: one, failuresInRow: 1 }),
      [],
    );
    assert.deepEqual(await world.take({ type: 'crash-loop', at: 0, id, parked: true, reason: 'x' }), []);
  });

  test('lines, the address that one names, and a port that is taken', () => {
    const world = new World();
    const listening = JSON.stringify({ level: 'info', msg: 'Listening', url: 'http://localhost:8080' });
    world.session.line(stored(listening));
    world.session.line(stored(listening));
    assert.deepEqual(world.notes.splice(0), [
      'line web Listening url=http://localhost:8080',
      'url web http://localhost:8080',
      'line web Listening url=http://localhost:8080',
    ]);
    world.session.line(stored('Error: listen EADDRINUSE: address already in use :::8080'));
    assert.match(world.notes[1] ?? '', /^problem web Port 8080 is in use by another program/);
  });

  test('what happens before the agent is there is shown when it is', async () => {
    const world = new World(false);
    assert.deepEqual(await world.take({ type: 'changed', at: 0, service: 'web', instance: 0 }), []);
    world.attach();
    assert.deepEqual(world.notes.splice(0), ['changed web running']);
  });

  test('the first interrupt asks, the second forces; also before the agent is there', async () => {
    const world = new World();
    world.session.interrupt();
    assert.deepEqual([world.stops, await world.session.ended()], [[false], ExitCode.ok]);
    world.session.interrupt();
    assert.deepEqual([world.stops, await world.session.ended()], [[false, true], ExitCode.forced]);
    assert.match(world.notes[0] ?? '', /Ctrl-C again forces it/);
    const early = new World(false);
    early.session.interrupt();
    early.attach();
    assert.deepEqual(early.stops, [false]);
  });
});
