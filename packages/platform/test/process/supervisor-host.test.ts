import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import { describe, it } from 'node:test';
import { initialLifecycle, statusOf, type Control, type HostedService } from '@mainstay/core';
import { SupervisorHost, type IpcChannel } from '../../src/process/supervisor-host.ts';

class Channel extends EventEmitter implements IpcChannel {
  connected = true;
  readonly sent: unknown[] = [];
  readonly callbacks: Array<(error: Error | null) => void> = [];

  send(message: unknown, callback: (error: Error | null) => void): void {
    this.sent.push(message);
    this.callbacks.push(callback);
  }
}

const quiet = (): void => {};
const log = {
  trace: quiet,
  debug: quiet,
  info: quiet,
  warn: quiet,
  error: quiet,
  fatal: quiet,
  child: () => log,
};

function attach(
  channel: Channel,
  more: Partial<HostedService> = {},
): { host: SupervisorHost; controls: Control[] } {
  const controls: Control[] = [];
  const host = new SupervisorHost({ log, channel });
  void host.attach({
    control(control) {
      controls.push(control);
      return 'cannot-accept';
    },
    ...more,
  });
  return { host, controls };
}

describe('SupervisorHost', () => {
  it('hands controls on and answers them with their id', () => {
    const channel = new Channel();
    const { controls } = attach(channel);
    channel.emit('message', { type: 'control', control: { type: 'pause' }, id: 7 });
    channel.emit('message', { hello: 'from the user' });
    assert.deepEqual(controls, [{ type: 'pause' }]);
    assert.deepEqual(channel.sent, [{ type: 'answer', id: 7, answer: 'cannot-accept' }]);
  });

  it('has the sockets and arguments that its primary was passed, and keeps them from its own children', () => {
    const env = {
      MAINSTAY_HOST: 'supervisor',
      MAINSTAY_SOCKETS: '[{"fd":3,"name":"http"}]',
      MAINSTAY_START_ARGUMENTS: '["-v"]',
      OTHER: '1',
    };
    const host = new SupervisorHost({ log, channel: new Channel(), env });
    assert.deepEqual(host.sockets, [{ fd: 3, name: 'http' }]);
    assert.deepEqual(host.startArguments, ['-v']);
    assert.deepEqual(env, { OTHER: '1' });
    assert.deepEqual(new SupervisorHost({ log, channel: new Channel(), env }).sockets, []);
  });

  it('has the sockets that an agent has passed, when they are meant for this process', () => {
    const passed = { LISTEN_FDS: '2', LISTEN_FDNAMES: 'http:', LISTEN_PID: String(process.pid) };
    const env: Record<string, string | undefined> = { ...passed, OTHER: '1' };
    const host = new SupervisorHost({ log, channel: new Channel(), env });
    assert.deepEqual(host.sockets, [
      { fd: 3, name: 'http' },
      { fd: 4, name: 'unknown' },
    ]);
    assert.deepEqual(env, { OTHER: '1' });
    const others = { ...passed, LISTEN_PID: '1' };
    assert.deepEqual(new SupervisorHost({ log, channel: new Channel(), env: others }).sockets, []);
    assert.deepEqual(others, {});
  });

  it('answers a reclaim when the service is through with it, also when it has nothing to do it with', async () => {
    const request = { reason: 'memory', used: 2, limit: 1 } as const;
    const asked: unknown[] = [];
    const able = new Channel();
    attach(able, {
      reclaim: async (given) => {
        asked.push(given);
        return true;
      },
    });
    const unable = new Channel();
    attach(unable);
    for (const channel of [able, unable]) channel.emit('message', { type: 'reclaim', id: 3, request });
    await new Promise(setImmediate);
    assert.deepEqual(asked, [request]);
    assert.deepEqual(able.sent, [{ type: 'reclaimed', id: 3, done: true }]);
    assert.deepEqual(unable.sent, [{ type: 'reclaimed', id: 3, done: false }]);
  });

  it('answers a probe with health and metrics', async () => {
    const channel = new Channel();
    const report = { state: 'ok', ready: true, checks: {} } as const;
    attach(channel, { probe: async () => ({ report, metrics: { rss: 1 } }) });
    channel.emit('message', { type: 'probe', id: 9 });
    await new Promise(setImmediate);
    assert.deepEqual(channel.sent, [{ type: 'health', id: 9, report, metrics: { rss: 1 } }]);
  });

  it('a lost parent is a stop, also when it was lost before', () => {
    const channel = new Channel();
    const { controls } = attach(channel);
    channel.connected = false;
    channel.emit('disconnect');
    assert.deepEqual(controls, [{ type: 'stop', reason: 'disconnect' }]);
    assert.deepEqual(attach(channel).controls, [{ type: 'stop', reason: 'disconnect' }]);
  });

  it('Ctrl-C is the parent’s business', () => {
    const channel = new Channel();
    const { controls } = attach(channel);
    assert.equal(channel.emit('SIGINT'), true, 'without a listener Node would end the process');
    assert.deepEqual(controls, []);
  });

  it('leaves when everything was sent, and with no listener behind', async () => {
    const channel = new Channel();
    const { host } = attach(channel);
    host.report(statusOf(initialLifecycle()));
    let left = false;
    const leaving = (async () => {
      await host.detach();
      left = true;
    })();
    await new Promise(setImmediate);
    assert.equal(left, false);
    channel.callbacks[0]?.(null);
    await leaving;
    assert.deepEqual(channel.eventNames(), []);
  });

  it('says nothing to a parent that is gone', () => {
    const channel = new Channel();
    const { host } = attach(channel);
    channel.connected = false;
    host.report(statusOf(initialLifecycle()));
    assert.deepEqual(channel.sent, []);
  });
});
