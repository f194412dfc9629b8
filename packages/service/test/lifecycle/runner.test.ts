import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  AppError,
  VirtualClock,
  type Control,
  type HostedService,
  type LifecycleLimits,
  type LifecycleStatus,
  type ServiceHost,
} from '@mainstay/core';
import { ServiceRunner, type Runnable } from '../../src/lifecycle/runner.ts';
import type { ServiceHandlers } from '../../src/index.ts';
import { rememberingLog } from '../context/quiet-log.ts';

/** A host that remembers what it was told, and can be made to misbehave. */
class RecordingHost implements ServiceHost {
  readonly kind = 'terminal';
  readonly sockets = [];
  readonly statuses: LifecycleStatus[] = [];
  readonly misbehaves: 'attach' | 'report' | 'detach' | 'detach-hangs' | undefined;
  detached = false;

  constructor(misbehaves?: RecordingHost['misbehaves']) {
    this.misbehaves = misbehaves;
  }

  get states(): string[] {
    return this.statuses.map(({ state }) => state).filter((state, at, all) => state !== all[at - 1]);
  }

  async attach(_service: HostedService): Promise<void> {
    if (this.misbehaves === 'attach') throw new Error('no attach');
  }

  report(status: LifecycleStatus): void {
    this.statuses.push(status);
    if (this.misbehaves === 'report') throw new Error('no report');
  }

  storeDescriptor(): boolean {
    return false;
  }

  async detach(): Promise<void> {
    this.detached = true;
    if (this.misbehaves === 'detach') throw new Error('no detach');
    if (this.misbehaves === 'detach-hangs') await new Promise(() => {});
  }
}

interface RunOptions {
  readonly start?: () => ServiceHandlers | Promise<ServiceHandlers>;
  readonly readConfig?: () => Promise<readonly string[]>;
  readonly host?: RecordingHost;
  readonly limits?: Partial<LifecycleLimits>;
  readonly failedReleases?: readonly string[];
  readonly mask?: (text: string) => string;
}

function run(options: RunOptions = {}) {
  const clock = new VirtualClock();
  const log = rememberingLog();
  const host = options.host ?? new RecordingHost();
  const runner = new ServiceRunner({
    host,
    log,
    clock,
    liveness: { isHealthy: () => true },
    releases: { releaseAll: async () => ({ failed: options.failedReleases ?? [], overran: [] }) },
    ...(options.limits && { limits: options.limits }),
    ...(options.mask && { mask: options.mask }),
  });
  const runnable: Runnable = {
    start: async () => (options.start ?? (() => ({ stop() {} })))(),
    readConfig: options.readConfig ?? (async () => []),
  };
  return { clock, log, host, runner, exit: runner.run(runnable) };
}

const turns = async (): Promise<void> => {
  for (let turn = 0; turn < 5; turn++) await new Promise(setImmediate);
};
const stop: Control = { type: 'stop', reason: 'stop' };

describe('ServiceRunner', () => {
  it('tells the host every state in order, and leaves it at the end', async () => {
    const { runner, host, exit, clock } = run();
    await turns();
    assert.equal(runner.control(stop), 'accepted');
    assert.equal((await exit).code, 0);
    assert.deepEqual(host.states, ['start-pending', 'running', 'stop-pending', 'stopped']);
    assert.equal(host.statuses.at(-1)?.exit?.code, 0);
    assert.equal(host.detached, true);
    assert.equal(clock.pendingTimers, 0);
  });

  for (const misbehaves of ['attach', 'report', 'detach'] as const) {
    it(`a host whose ${misbehaves} throws is logged, and does not end the service`, async () => {
      const { runner, log, exit } = run({ host: new RecordingHost(misbehaves) });
      await turns();
      assert.equal(runner.status.state, 'running');
      runner.control(stop);
      assert.equal((await exit).code, 0);
      assert.ok(
        log.lines.some((line) => line.startsWith('error The host')),
        log.lines.join('\n'),
      );
    });
  }

  it('a host that takes no note of the end is not waited for without end', async () => {
    const { runner, exit, clock } = run({ host: new RecordingHost('detach-hangs') });
    await turns();
    runner.control(stop);
    await turns();
    clock.advance(2_000);
    assert.equal((await exit).code, 0);
  });

  it('a start that returns no handlers has failed', async () => {
    const { exit } = run({ start: () => ({}) as ServiceHandlers });
    const { code, message } = await exit;
    assert.equal(code, 1);
    assert.match(message, /has no stop, nothing: return/);
  });

  it('an error of a start brings its own exit code', async () => {
    const { exit } = run({
      start: () => {
        throw new AppError('CONFIG_INVALID', 'Bad', { exitCode: 6 });
      },
    });
    assert.equal((await exit).code, 6);
  });

  it('a reload reads the config first, and hands on what changed', async () => {
    const seen: unknown[] = [];
    const { runner, exit } = run({
      readConfig: async () => ['http.port'],
      start: () => ({ stop() {}, reload: (change) => void seen.push(change) }),
    });
    await turns();
    runner.control({ type: 'reload' });
    await turns();
    assert.deepEqual(seen, [{ changed: ['http.port'] }]);
    runner.control(stop);
    await exit;
  });

  it('a config that is not valid keeps the handler from being called', async () => {
    const { runner, log, exit } = run({
      readConfig: () => Promise.reject(new Error('bad yaml')),
      start: () => ({ stop() {}, reload: () => assert.fail('called') }),
    });
    await turns();
    runner.control({ type: 'reload' });
    await turns();
    assert.ok(log.lines.includes('error Reload failed'));
    assert.equal(runner.status.state, 'running');
    runner.control(stop);
    await exit;
  });

  it('delivers custom, session and power controls to their handlers', async () => {
    const seen: unknown[] = [];
    const { runner, exit } = run({
      start: () => ({
        stop() {},
        control: {
          200: () => void seen.push(200),
          sessionChange: (event) => void seen.push(event),
          powerEvent: (event) => void seen.push(event),
        },
      }),
    });
    await turns();
    runner.control({ type: 'custom', code: 200 });
    runner.control({ type: 'session-change', event: 'logon', sessionId: 3 });
    runner.control({ type: 'power-event', event: 'suspend' });
    assert.equal(runner.control({ type: 'custom', code: 201 }), 'unsupported');
    await turns();
    assert.deepEqual(seen, [200, { event: 'logon', sessionId: 3 }, { event: 'suspend' }]);
    runner.control(stop);
    await exit;
  });

  it('handlers may throw at once as well as reject', async () => {
    const { runner, exit } = run({
      start: () => ({
        stop() {
          throw new Error('at once');
        },
      }),
    });
    await turns();
    runner.control(stop);
    assert.deepEqual((await exit).reason, 'stop-failed');
  });

  it('a stop from within the start, before it has returned, waits for it', async () => {
    const calls: string[] = [];
    const handlers = { stop: () => void calls.push('stop') };
    const { runner, exit, host } = run({
      start: async () => {
        runner.control(stop);
        calls.push(`aborted ${runner.signal.aborted}`);
        await turns();
        calls.push('started');
        return handlers;
      },
    });
    assert.equal((await exit).code, 0);
    assert.deepEqual(calls, ['aborted true', 'started', 'stop']);
    assert.equal(host.states.includes('running'), false);
  });

  it('a start that hangs is ended by its deadline; a checkpoint moves that', async () => {
    const { runner, exit, clock } = run({
      start: () => new Promise(() => {}),
      limits: { startTimeoutMs: 1_000 },
    });
    await turns();
    clock.advance(900);
    runner.checkpoint(5_000);
    clock.advance(4_900);
    assert.equal(runner.status.state, 'start-pending');
    clock.advance(100);
    assert.deepEqual([(await exit).code, (await exit).reason], [124, 'forced']);
  });

  it('a checkpoint of nonsense counts as the default', async () => {
    const { runner, exit, clock } = run({
      start: () => new Promise(() => {}),
      limits: { startTimeoutMs: 1_000 },
    });
    await turns();
    for (const hint of [Number.NaN, -5, 0, Number.POSITIVE_INFINITY]) runner.checkpoint(hint);
    assert.equal(runner.status.waitHintMs, 3_600_000);
    runner.checkpoint(Number.NaN);
    assert.equal(runner.status.waitHintMs, 10_000);
    clock.advance(3_600_000);
    assert.equal((await exit).code, 124);
  });

  it('a crash aborts the signal, is logged, and ends with 70', async () => {
    const { runner, log, exit } = run();
    await turns();
    runner.crash(new Error('boom'));
    assert.equal(runner.signal.aborted, true);
    assert.deepEqual([(await exit).code, (await exit).message], [70, 'Uncaught: boom']);
    assert.ok(log.lines.includes('fatal Uncaught error'));
  });

  it('what cannot be released is named in the exit', async () => {
    const { runner, exit } = run({ failedReleases: ['database', 'cache'] });
    await turns();
    runner.control(stop);
    assert.match((await exit).message, /could not release "database", "cache"/);
    assert.equal((await exit).code, 1);
  });

  it('the host learns of a process.exit of the service, once', async () => {
    const { runner, host, exit } = run();
    await turns();
    assert.equal(runner.reportSuddenExit(3), 3);
    assert.deepEqual(host.statuses.at(-1)?.exit, {
      code: 3,
      reason: 'crashed',
      message: 'The service called process.exit(3)',
    });
    runner.control(stop);
    await exit;
    const told = host.statuses.length;
    assert.equal(runner.reportSuddenExit(0), 0);
    assert.equal(host.statuses.length, told);
  });

  it('a process.exit(0) of the service is a failure, or nothing would start it again', async () => {
    const { runner, host, exit } = run();
    await turns();
    assert.equal(runner.reportSuddenExit(0), 70);
    assert.deepEqual(host.statuses.at(-1)?.exit, {
      code: 70,
      reason: 'crashed',
      message: 'The service called process.exit(0)',
    });
    runner.control(stop);
    await exit;
  });

  it('hosts are shown no secret: neither in the text nor in why it failed', async () => {
    const { runner, host, exit } = run({
      mask: (text) => text.replaceAll('hunter2', '***'),
      start() {
        throw new Error('wrong password hunter2');
      },
    });
    runner.setText('Connecting with hunter2');
    await exit;
    assert.equal(host.statuses.at(-1)?.text, 'Connecting with ***');
    assert.equal(host.statuses.at(-1)?.exit?.message, 'Start failed: wrong password ***');
    assert.doesNotMatch(JSON.stringify(host.statuses), /hunter2/);
  });

  it('the text that hosts show is one line', async () => {
    const { runner, exit } = run();
    await turns();
    runner.setText('two\r\nlines\nMAINPID=1');
    assert.equal(runner.status.text, 'two lines MAINPID=1');
    runner.control(stop);
    await exit;
  });
});

describe('a reclaim', () => {
  const request = { reason: 'memory', used: 2_000, limit: 1_000 } as const;

  async function running(handlers: Partial<ServiceHandlers>) {
    const all = run({ start: () => ({ stop() {}, ...handlers }) });
    await turns();
    return all;
  }

  it('is asked of the service, and is done when that is through with it', async () => {
    const asked: unknown[] = [];
    const { runner, exit, clock } = await running({
      async reclaim(given) {
        await turns();
        asked.push(given);
      },
    });
    assert.equal(await runner.reclaim(request), true);
    assert.deepEqual(asked, [request]);
    runner.control(stop);
    clock.advance(0);
    await exit;
  });

  it('is not done by a service without a handler, nor by one that fails, nor after its stop', async () => {
    const { runner: without } = await running({});
    assert.equal(await without.reclaim(request), false);
    const { runner: failing, log } = await running({
      reclaim() {
        throw new Error('no cache');
      },
    });
    assert.equal(await failing.reclaim(request), false);
    assert.ok(JSON.stringify(log.lines).includes('The reclaim of the service failed'));
    let called = false;
    const { runner: stopped, exit } = await running({
      reclaim() {
        called = true;
      },
    });
    stopped.control(stop);
    await exit;
    assert.equal(await stopped.reclaim(request), false);
    assert.equal(called, false);
  });

  it('is one at a time: who asks meanwhile waits for the same', async () => {
    let calls = 0;
    const { promise, resolve } = Promise.withResolvers<void>();
    const { runner } = await running({
      reclaim() {
        calls += 1;
        return promise;
      },
    });
    const both = Promise.all([runner.reclaim(request), runner.reclaim(request)]);
    await turns();
    assert.equal(calls, 1);
    resolve();
    assert.deepEqual(await both, [true, true]);
    await runner.reclaim(request);
    assert.equal(calls, 2);
  });
});
