import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { VirtualClock } from '@mainstay/core';
import type { AlertRules } from '@mainstay/supervisor';

import type { Alert } from '../../src/alerts/alert.ts';
import { AlertDispatcher } from '../../src/alerts/alert-dispatcher.ts';
import { alertErrors } from '../../src/alerts/errors.ts';
import { ended, id, memoryLogger, orders, phase } from './fixtures.ts';

const rules: AlertRules = {
  targets: [
    { type: 'command', command: ['a'] },
    { type: 'command', command: ['b'] },
  ],
  on: ['state', 'agent'],
  repeatMs: 3_600_000,
  perMinute: 3,
};

const log = { failing: 'The log cannot be written', solved: 'The log is written again' };

type Send = (alert: Alert, signal: AbortSignal) => Promise<void>;

/** Lets what has been settled be noticed. */
const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

function open(sends: Readonly<Record<string, Send>>, change: Partial<AlertRules> = {}) {
  const clock = new VirtualClock();
  const lines: string[] = [];
  const dispatcher = new AlertDispatcher({
    clock,
    log: memoryLogger(lines),
    host: 'box',
    environment: {},
    sinkOf: (target) => {
      const name = target.type === 'command' ? (target.command[0] as string) : '';
      return { target: name, send: sends[name] as Send };
    },
  });
  dispatcher.configure({ ...rules, ...change }, [orders]);
  return { clock, lines, dispatcher };
}

describe('the dispatcher', () => {
  it('sends to every target, and one that hangs does not delay the other', async () => {
    const got: string[] = [];
    const { dispatcher, clock } = open({
      a: () => new Promise(() => undefined),
      b: async ({ status, title }) => void got.push(`${status} ${title}`),
    });
    dispatcher.take(ended());
    dispatcher.take(phase('running', 'waiting'));
    dispatcher.take(phase('starting', 'running'));
    clock.advance(20_000);
    await turn();
    assert.deepEqual(got, ['firing orders/0 has ended', 'resolved orders/0 runs again']);
    assert.deepEqual(
      dispatcher.counts().map(({ sent, waiting }) => [sent, waiting]),
      [
        [0, 2],
        [2, 0],
      ],
    );
    dispatcher.close();
  });

  it('ends an attempt that takes too long, and tries again with growing waits', async () => {
    const attempts: number[] = [];
    const aborted: boolean[] = [];
    const { dispatcher, clock } = open({
      a: (_alert, signal) => {
        attempts.push(clock.monotonic());
        signal.addEventListener('abort', () => aborted.push(true));
        return attempts.length < 4 ? new Promise(() => undefined) : Promise.resolve();
      },
      b: () => Promise.resolve(),
    });
    dispatcher.problem('log', log, 'ENOSPC');
    for (let step = 0; step < 60; step++) {
      await turn();
      clock.advance(1000);
    }
    assert.deepEqual(attempts, [0, 11_000, 23_000, 37_000]);
    assert.equal(aborted.length, 3);
    assert.equal(dispatcher.counts()[0]?.sent, 1);
    dispatcher.close();
  });

  it('gives up what is refused for good, and logs that', async () => {
    let attempts = 0;
    const { dispatcher, lines } = open({
      a: () => {
        attempts++;
        return Promise.reject(alertErrors.error('ALERT_REFUSED', 'No', { details: { isFinal: true } }));
      },
      b: () => Promise.resolve(),
    });
    dispatcher.problem('log', log, 'ENOSPC');
    await turn();
    assert.equal(attempts, 1);
    assert.equal(dispatcher.counts()[0]?.failed, 1);
    assert.match(lines.join(), /could not be delivered/);
    dispatcher.close();
  });

  it('bounds what waits', async () => {
    const { dispatcher } = open(
      { a: () => new Promise(() => undefined), b: () => Promise.resolve() },
      { perMinute: 1000 },
    );
    for (let count = 0; count < 150; count++)
      dispatcher.problem(`p${count}`, { failing: 'x', solved: 'z' }, 'y');
    await turn();
    assert.deepEqual(
      dispatcher.counts().map(({ dropped, waiting, sent }) => ({ dropped, waiting, sent })),
      [
        { dropped: 50, waiting: 100, sent: 0 },
        { dropped: 50, waiting: 0, sent: 100 },
      ],
    );
    dispatcher.close();
  });

  it('sums up what is over the rate, and loses no title of it', async () => {
    const got: Alert[] = [];
    const { dispatcher, clock } = open({
      a: async (alert) => void got.push(alert),
      b: () => Promise.resolve(),
    });
    for (let count = 0; count < 8; count++)
      dispatcher.problem(`p${count}`, { failing: `Problem ${count}`, solved: 'z' }, 'y');
    await turn();
    assert.equal(got.length, 3);
    clock.advance(60_000);
    await turn();
    assert.equal(got.length, 4);
    assert.equal(got[3]?.title, '5 alerts were held back');
    for (let count = 3; count < 8; count++) assert.ok(got[3]?.message.includes(`Problem ${count}`));
    dispatcher.close();
    assert.equal(clock.pendingTimers, 0);
  });

  it('repeats by its own timer, and only the kinds that are wanted', async () => {
    const got: Alert[] = [];
    const { dispatcher, clock } = open(
      { a: async (alert) => void got.push(alert), b: () => Promise.resolve() },
      { on: ['agent'] },
    );
    dispatcher.take(ended());
    dispatcher.take(phase('running', 'failed'));
    dispatcher.problem('log', log, 'ENOSPC');
    clock.advance(3_600_000);
    await turn();
    dispatcher.solved('log');
    await turn();
    assert.deepEqual(
      got.map(({ status, count, kind }) => [status, count, kind]),
      [
        ['firing', 1, 'agent'],
        ['firing', 2, 'agent'],
        ['resolved', 2, 'agent'],
      ],
    );
    dispatcher.close();
  });

  it('makes one episode of a service that crashes 20 times in a minute, and leaves no timer behind', async () => {
    const got: Alert[] = [];
    const { dispatcher, clock } = open(
      { a: async (alert) => void got.push(alert), b: () => Promise.resolve() },
      { on: ['state', 'crash-loop'], perMinute: 10 },
    );
    const loop = (parked: boolean, reason: string) =>
      dispatcher.take({ at: 0, type: 'crash-loop', id, parked, reason });
    for (let crash = 1; crash <= 20; crash++) {
      dispatcher.take(ended());
      dispatcher.take(phase('running', crash === 20 ? 'parked' : 'waiting'));
      if (crash === 20) loop(true, '20 starts in 1m');
      clock.advance(1500);
      dispatcher.take(phase('waiting', 'starting'));
      dispatcher.take(phase('starting', 'running'));
      clock.advance(1500);
      await turn();
    }
    assert.deepEqual(
      got.map(({ status, title }) => `${status} ${title}`),
      ['firing orders/0 has ended', 'firing orders/0 is in a crash loop'],
    );
    clock.advance(18_500);
    loop(false, 'It runs again');
    await turn();
    assert.deepEqual(
      got.slice(2).map(({ status, kind, title, message }) => [status, kind, title, message.split('\n')[0]]),
      [
        ['resolved', 'state', 'orders/0 runs again', 'Exit code 1'],
        ['resolved', 'crash-loop', 'orders/0 is out of its crash loop', 'It runs again'],
      ],
    );
    dispatcher.take(ended());
    dispatcher.take(phase('running', 'waiting'));
    dispatcher.take(phase('starting', 'running'));
    await turn();
    dispatcher.close();
    assert.equal(clock.pendingTimers, 0);
  });

  it('tells a new target what is wrong already, and nobody twice', async () => {
    const got: string[] = [];
    const { dispatcher } = open(
      {
        a: async ({ status, message }) => void got.push(`a ${status} ${message}`),
        b: async ({ status, message }) => void got.push(`b ${status} ${message}`),
      },
      { targets: [] },
    );
    const logs = dispatcher.watchPart('logs', log);
    logs('ENOSPC');
    dispatcher.configure({ ...rules, targets: rules.targets.slice(0, 1) }, [orders]);
    await turn();
    assert.deepEqual(got, ['a firing ENOSPC']);
    dispatcher.configure(rules, [orders]);
    await turn();
    assert.deepEqual(got, ['a firing ENOSPC', 'b firing ENOSPC']);
    logs('EIO');
    logs(undefined);
    await turn();
    assert.deepEqual(got.slice(2), ['a resolved EIO', 'b resolved EIO']);
    dispatcher.close();
  });

  it('sends a test to each target, and says which did not take it', async () => {
    const { dispatcher } = open({
      a: () => Promise.reject(new Error('refused')),
      b: () => Promise.resolve(),
    });
    assert.deepEqual(await dispatcher.test(), [
      { target: 'a', problem: 'refused' },
      { target: 'b', problem: undefined },
    ]);
    dispatcher.close();
  });
});
