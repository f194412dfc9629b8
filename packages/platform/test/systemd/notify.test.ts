import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import {
  acceptsNothing,
  serviceStates,
  VirtualClock,
  type LifecycleStatus,
  type Logger,
} from '@mainstay/core';
import { encodeRights, encodeUnixAddress } from '../../src/systemd/datagram-socket.ts';
import { takeSystemdEnvironment } from '../../src/systemd/environment.ts';
import { Notifier } from '../../src/systemd/notifier.ts';
import { encodeFields, notifyFields } from '../../src/systemd/notify-messages.ts';
import { formatStatusText, parseStatusText } from '../../src/systemd/status-text.ts';
import { Watchdog } from '../../src/systemd/watchdog.ts';

const status = (change: Partial<LifecycleStatus>): LifecycleStatus => ({
  state: 'running',
  accepts: acceptsNothing,
  checkpoint: 0,
  waitHintMs: 0,
  reloading: false,
  text: '',
  ...change,
});

function recordingLog(): Logger & { readonly lines: string[] } {
  const lines: string[] = [];
  const method = (fields: unknown, message?: string): void => {
    lines.push(message ?? String(fields));
  };
  const log = {
    lines,
    trace: method,
    debug: method,
    info: method,
    warn: method,
    error: method,
    fatal: method,
    child: () => log,
  };
  return log;
}

const told = (before: LifecycleStatus | undefined, now: LifecycleStatus) =>
  notifyFields(before, now, () => 42n);
const starting = status({ state: 'start-pending', checkpoint: 1, waitHintMs: 90_000 });

describe('what systemd is told', () => {
  it('is that the start has begun, without touching its time-out', () => {
    assert.deepEqual(told(undefined, starting), { STATUS: 'Starting' });
  });

  it('is a checkpoint as more time than was asked for', () => {
    const later = { ...starting, checkpoint: 2, waitHintMs: 5_000 };
    assert.deepEqual(told(starting, later), { EXTEND_TIMEOUT_USEC: '15000000' });
  });

  it('is a checkpoint also when the beginning was not told', () => {
    const later = { ...starting, checkpoint: 2, waitHintMs: 5_000 };
    assert.deepEqual(
      notifyFields(starting, later, () => 42n, true),
      { STATUS: 'Starting', EXTEND_TIMEOUT_USEC: '15000000' },
    );
  });

  it('is readiness once', () => {
    assert.deepEqual(told(starting, status({})), { READY: '1', STATUS: 'Running' });
    assert.equal(told(status({}), status({})), undefined);
    assert.deepEqual(told(status({}), status({ state: 'paused' })), { STATUS: 'Paused' });
    assert.deepEqual(told(status({ state: 'continue-pending' }), status({})), { STATUS: 'Running' });
  });

  it('is a reload with its time, and its end', () => {
    const reloading = status({ reloading: true });
    assert.deepEqual(told(status({}), reloading), {
      RELOADING: '1',
      MONOTONIC_USEC: '42',
      STATUS: 'Reloading',
    });
    assert.deepEqual(told(reloading, status({})), { READY: '1', STATUS: 'Running' });
  });

  it('is a stop once, and never readiness on the way down', () => {
    const stopping = status({ state: 'stop-pending', waitHintMs: 15_000, checkpoint: 1 });
    assert.deepEqual(told(status({ reloading: true }), stopping), { STOPPING: '1', STATUS: 'Stopping' });
    assert.equal(told(stopping, stopping), undefined);
    assert.deepEqual(told(stopping, status({ state: 'stopped' })), { STATUS: 'Stopped' });
    assert.deepEqual(told(starting, stopping), { STOPPING: '1', STATUS: 'Stopping' });
  });

  it('is one line for each field, and fits a datagram, whatever the text', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'binary', maxLength: 6_000 }),
        fc.constantFrom(...serviceStates),
        (text, state) => {
          const encoded = encodeFields(told(undefined, status({ state, text, reloading: true })) ?? {});
          assert.ok(Buffer.byteLength(encoded) < 4096);
          for (const line of encoded.split('\n')) assert.match(line, /^[A-Z_]+=/);
        },
      ),
    );
  });
});

describe('the status text', () => {
  it('is read back as it was written', () => {
    const text = fc.string({ maxLength: 100 }).map((value) => value.replace(/\s+/g, ' ').trim());
    fc.assert(
      fc.property(fc.constantFrom(...serviceStates), text, (state, words) => {
        assert.deepEqual(parseStatusText(formatStatusText({ state, reloading: false, text: words })), {
          state,
          reloading: false,
          text: words,
        });
      }),
    );
  });

  it('of another program is nothing that we know', () => {
    assert.equal(parseStatusText('Pausedly waiting'), undefined);
    assert.equal(parseStatusText('Paused:now'), undefined);
    assert.equal(parseStatusText(''), undefined);
    assert.deepEqual(parseStatusText('Reloading: x'), { state: 'running', reloading: true, text: 'x' });
  });
});

describe('the environment of systemd', () => {
  it('is read for this process, and not left for its children', () => {
    const env = {
      NOTIFY_SOCKET: '@notify',
      WATCHDOG_USEC: '3000000',
      WATCHDOG_PID: '7',
      LISTEN_PID: '7',
      LISTEN_FDS: '2',
      LISTEN_FDNAMES: 'http',
      RUNTIME_DIRECTORY: '/run/a:/run/b',
      PATH: '/bin',
    };
    assert.deepEqual(takeSystemdEnvironment(env, 7), {
      notifySocket: '@notify',
      watchdogMs: 3000,
      descriptors: [
        { fd: 3, name: 'http' },
        { fd: 4, name: 'unknown' },
      ],
      runtimeDirectory: '/run/a',
    });
    assert.deepEqual(env, { RUNTIME_DIRECTORY: '/run/a:/run/b', PATH: '/bin' });
  });

  it('of another process is not taken for ours', () => {
    const env = { WATCHDOG_USEC: '3000000', WATCHDOG_PID: '8', LISTEN_PID: '8', LISTEN_FDS: '2' };
    const taken = takeSystemdEnvironment(env, 7);
    assert.equal(taken.watchdogMs, undefined);
    assert.deepEqual(taken.descriptors, []);
  });

  it('that makes no sense is ignored', () => {
    const env = { WATCHDOG_USEC: '-1', LISTEN_PID: '7', LISTEN_FDS: '1e9', NOTIFY_SOCKET: '' };
    const taken = takeSystemdEnvironment(env, 7);
    assert.deepEqual([taken.watchdogMs, taken.descriptors, taken.notifySocket], [undefined, [], undefined]);
  });
});

describe('datagram addresses', () => {
  it('are encoded as unix(7) has them', () => {
    assert.equal(encodeUnixAddress('/run/x').toString('latin1'), '\u0001\u0000/run/x\u0000');
    assert.equal(encodeUnixAddress('@x').toString('latin1'), '\u0001\u0000\u0000x');
    assert.equal(encodeUnixAddress(`/${'a'.repeat(106)}`).length, 2 + 108);
    assert.throws(() => encodeUnixAddress(`/${'a'.repeat(107)}`), /longer than 107 bytes/);
    assert.throws(() => encodeUnixAddress('vsock:2:1'), /Not a Unix socket address/);
  });

  it('carry a descriptor as cmsg(3) has it', () => {
    const control = encodeRights(7);
    assert.equal(control.length % 8, 0);
    assert.deepEqual(
      [control.readBigUInt64LE(0), control.readInt32LE(8), control.readInt32LE(12), control.readInt32LE(16)],
      [20n, 1, 1, 7],
    );
  });
});

function notifier(answers: Array<'sent' | 'full' | Error>) {
  const sent: string[] = [];
  const clock = new VirtualClock();
  const log = recordingLog();
  let opened = 0;
  const target = new Notifier({
    clock,
    log,
    open() {
      opened += 1;
      return {
        send(data) {
          const answer = answers.shift() ?? 'sent';
          if (answer instanceof Error) throw answer;
          if (answer === 'sent') sent.push(data.toString());
          return answer;
        },
        close() {},
      };
    },
  });
  return { target, sent, clock, log, opened: () => opened };
}

describe('the notifier', () => {
  it('opens its socket with the first message, once', () => {
    const { target, sent, opened } = notifier([]);
    assert.equal(opened(), 0);
    target.notify({ A: '1' });
    target.notify({ B: '2' });
    assert.deepEqual([opened(), sent], [1, ['A=1', 'B=2']]);
  });

  it('keeps the order when the queue is full, and drops signs of life', async () => {
    const { target, sent, clock } = notifier(['full', 'full', 'sent', 'sent']);
    target.notify({ A: '1' });
    target.notify({ B: '2' });
    target.signOfLife();
    assert.deepEqual(sent, []);
    const flushed = target.flush(1_000);
    clock.advance(100);
    await flushed;
    assert.deepEqual(sent, ['A=1', 'B=2']);
    target.signOfLife();
    assert.equal(sent.at(-1), 'WATCHDOG=1');
  });

  it('does not wait for ever', async () => {
    const { target, sent, clock } = notifier(Array.from({ length: 1_000 }, () => 'full' as const));
    target.notify({ A: '1' });
    const flushed = target.flush(1_000);
    clock.advance(1_000);
    await flushed;
    target.close();
    assert.deepEqual(sent, []);
  });

  it('says once that nobody listens, and never throws', () => {
    const { target, log } = notifier([new Error('ECONNREFUSED')]);
    assert.equal(target.notify({ A: '1' }), false);
    assert.equal(target.notify({ B: '2' }), false);
    assert.deepEqual(log.lines, ['Systemd cannot be notified; it will not see this service as ready']);
  });
});

describe('the watchdog', () => {
  it('is fed twice a period, and only while the event loop turns in time', () => {
    const clock = new VirtualClock();
    const log = recordingLog();
    let fed = 0;
    let isHealthy = true;
    const watchdog = new Watchdog({
      periodMs: 1_000,
      notifier: { signOfLife: () => (fed += 1) },
      liveness: { isHealthy: () => isHealthy },
      clock,
      log,
    });
    watchdog.start();
    clock.advance(1_000);
    assert.equal(fed, 3);
    isHealthy = false;
    clock.advance(2_000);
    assert.equal(fed, 3);
    assert.deepEqual(log.lines, ['Watchdog is not fed: the event loop is late']);
    isHealthy = true;
    // Well before half a period: what is left of the whole one may be short.
    clock.advance(125);
    assert.equal(fed, 4);
    watchdog.stop();
    clock.advance(5_000);
    assert.equal(fed, 4);
  });
});
