import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import { describe, it } from 'node:test';
import {
  initialLifecycle,
  statusOf,
  type Control,
  type ControlAnswer,
  type Logger,
  type LogLevel,
} from '@mainstay/core';
import { sameKeyPressMs } from '../../src/process/key-press.ts';
import { SignalHost } from '../../src/process/signal-host.ts';

function logTo(lines: string[]): Logger {
  const method =
    (level: LogLevel) =>
    (...args: readonly unknown[]): void =>
      void lines.push(`${level} ${String(args.at(-1))}`);
  return {
    trace: method('trace'),
    debug: method('debug'),
    info: method('info'),
    warn: method('warn'),
    error: method('error'),
    fatal: method('fatal'),
    child: () => logTo(lines),
  };
}

async function attached(
  options: { platform?: NodeJS.Platform; hasHungUp?: boolean; answer?: ControlAnswer } = {},
) {
  const signals = new EventEmitter();
  const clock = { now: 0 };
  const lines: string[] = [];
  const controls: Control[] = [];
  const host = new SignalHost({
    kind: 'terminal',
    log: logTo(lines),
    signals,
    platform: options.platform ?? 'linux',
    hasHungUp: () => options.hasHungUp ?? false,
    monotonic: () => clock.now,
  });
  await host.attach({
    control(control) {
      controls.push(control);
      return options.answer ?? 'accepted';
    },
  });
  return { host, signals, controls, lines, clock };
}

const stopping = { ...statusOf(initialLifecycle()), state: 'stop-pending' } as const;

describe('SignalHost', () => {
  it('SIGTERM stops, and a second one joins the first', async () => {
    const { host, signals, controls } = await attached();
    signals.emit('SIGTERM');
    host.report(stopping);
    signals.emit('SIGTERM');
    assert.deepEqual(controls, [
      { type: 'stop', reason: 'stop' },
      { type: 'stop', reason: 'stop' },
    ]);
  });

  it('the first Ctrl-C stops, one during a stop forces it', async () => {
    const { host, signals, controls, clock } = await attached();
    signals.emit('SIGINT');
    host.report(stopping);
    clock.now += sameKeyPressMs;
    signals.emit('SIGINT');
    assert.deepEqual(controls, [
      { type: 'stop', reason: 'interrupt', force: false },
      { type: 'stop', reason: 'interrupt', force: true },
    ]);
  });

  it('a Ctrl-C that a launcher forwards as well does not force the stop', async () => {
    const { host, signals, controls, clock } = await attached();
    signals.emit('SIGINT');
    host.report(stopping);
    clock.now += sameKeyPressMs - 1;
    signals.emit('SIGINT');
    assert.deepEqual(controls, [{ type: 'stop', reason: 'interrupt', force: false }]);
  });

  it('SIGHUP reloads, and says when the service cannot', async () => {
    const able = await attached();
    able.signals.emit('SIGHUP');
    assert.deepEqual([able.controls, able.lines], [[{ type: 'reload' }], []]);
    const unable = await attached({ answer: 'unsupported' });
    unable.signals.emit('SIGHUP');
    assert.deepEqual(unable.lines, ['warn SIGHUP: the service did not take the reload']);
  });

  it('SIGHUP of a terminal that has gone stops; so does a console that closes on Windows', async () => {
    for (const options of [{ hasHungUp: true }, { platform: 'win32' }] as const) {
      const { signals, controls } = await attached(options);
      signals.emit('SIGHUP');
      assert.deepEqual(controls, [{ type: 'stop', reason: 'disconnect' }]);
    }
  });

  it('Ctrl-Break is heard on Windows; job control is left alone everywhere', async () => {
    const windows = await attached({ platform: 'win32' });
    assert.deepEqual(windows.signals.eventNames(), ['SIGTERM', 'SIGINT', 'SIGBREAK', 'SIGHUP']);
    const linux = await attached();
    assert.deepEqual(linux.signals.eventNames(), ['SIGTERM', 'SIGINT', 'SIGHUP']);
  });

  it('leaves no listener behind', async () => {
    const { host, signals } = await attached();
    await host.detach();
    assert.deepEqual(signals.eventNames(), []);
  });
});
