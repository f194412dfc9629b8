import assert from 'node:assert/strict';
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, it } from 'node:test';
import * as fc from 'fast-check';
import {
  acceptsNothing,
  answerControl,
  type Control,
  type HostedService,
  type LifecycleStatus,
  type Logger,
} from '@mainstay/core';
import {
  ControlClient,
  openControlServer,
  sendControl,
  type ControlServer,
} from '../../src/control-socket/index.ts';
import { LineSplitter } from '../../src/control-socket/lines.ts';
import { parseRequest, parseResponse } from '../../src/control-socket/protocol.ts';

const skip = process.platform === 'win32' && 'Unix sockets only';
const status: LifecycleStatus = {
  state: 'running',
  accepts: { ...acceptsNothing, pause: true, custom: [200] },
  checkpoint: 0,
  waitHintMs: 0,
  reloading: false,
  text: 'well',
};
const silent: Logger = {
  trace() {},
  debug() {},
  info() {},
  warn() {},
  error() {},
  fatal() {},
  child: () => silent,
};

let directory: string;
let path: string;
let received: Control[];
let server: ControlServer | undefined;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'control-'));
  path = join(directory, 'control.sock');
  received = [];
});

afterEach(async () => {
  await server?.close();
  server = undefined;
  await rm(directory, { recursive: true, force: true });
});

async function open(more: Partial<HostedService> = {}): Promise<void> {
  server = await openControlServer({
    path,
    status: () => status,
    log: silent,
    service: {
      control(control) {
        received.push(control);
        return answerControl(status.state, status.accepts, control);
      },
      ...more,
    },
  });
}

/** Sends bytes as they are and returns everything that comes back until the server closes. */
async function raw(data: string | Buffer): Promise<string> {
  const socket = connect(path);
  socket.write(data);
  return text(socket);
}

/** A peer that is not ours. */
async function peer(answer: (socket: Socket) => void): Promise<AsyncDisposable> {
  const other = createServer((socket) => {
    socket.on('error', () => {});
    socket.once('data', () => answer(socket));
  });
  await new Promise<void>((resolve) => {
    other.listen(path, resolve);
  });
  return {
    async [Symbol.asyncDispose]() {
      await new Promise((resolve) => {
        other.close(resolve);
      });
    },
  };
}

/** The control of a request as the server reads it; undefined when it refuses it. */
function control(value: unknown): Control | undefined {
  const request = parseRequest(JSON.stringify({ id: 1, type: 'control', control: value }));
  return typeof request === 'object' && request.type === 'control' ? request.control : undefined;
}

describe('the control socket', { skip }, () => {
  it('carries controls and their answers, in order', async () => {
    await open();
    const client = await ControlClient.connect(path);
    const [pause, custom, reload] = await Promise.all([
      client.control({ type: 'pause' }),
      client.control({ type: 'custom', code: 200 }),
      client.control({ type: 'reload' }),
    ]);
    assert.deepEqual([pause.answer, custom.answer, reload.answer], ['accepted', 'accepted', 'unsupported']);
    assert.deepEqual(await client.status(), status);
    assert.deepEqual(received, [{ type: 'pause' }, { type: 'custom', code: 200 }, { type: 'reload' }]);
    client.close();
  });

  it('carries health and reclaims, which need not come in order', async () => {
    const report = { state: 'ok', ready: true, checks: {} } as const;
    const slow = Promise.withResolvers<boolean>();
    const asked: unknown[] = [];
    await open({
      probe: async () => ({ report, metrics: { rssBytes: 1 } }),
      reclaim(given) {
        asked.push(given);
        return slow.promise;
      },
    });
    const client = await ControlClient.connect(path);
    const request = { reason: 'open-files', used: 91, limit: 90 } as const;
    const reclaimed = client.reclaim(request);
    assert.deepEqual(await client.probe(), { report, metrics: { rssBytes: 1 } });
    slow.resolve(true);
    assert.equal(await reclaimed, true);
    assert.deepEqual(asked, [request]);
    client.close();
  });

  it('says of a service without a reclaim that it was not done, and what went wrong with a probe', async () => {
    await open({ probe: () => Promise.reject(new Error('no database')) });
    const client = await ControlClient.connect(path);
    assert.equal(await client.reclaim({ reason: 'memory', used: 2, limit: 1 }), false);
    await assert.rejects(client.probe(), { code: 'CONTROL_SOCKET_FAILED', message: /no database/ });
    assert.deepEqual(await client.status(), status, 'the connection goes on');
    client.close();
  });

  it('refuses a reclaim without its figures', async () => {
    await open();
    for (const request of [
      undefined,
      { reason: 'cpu', used: 1, limit: 1 },
      { reason: 'memory', used: '1', limit: 1 },
    ])
      assert.match(await raw(`${JSON.stringify({ id: 1, type: 'reclaim', request })}\n`), /Malformed/);
  });

  it('is its owner’s alone', async () => {
    await open();
    assert.equal((await stat(path)).mode & 0o777, 0o600);
  });

  it('takes the place of what a killed process left behind', async () => {
    await writeFile(path, '');
    await open();
    assert.equal(await sendControl(path, { type: 'interrogate' }), 'accepted');
  });

  it('is gone when it is closed, with its connections', async () => {
    await open();
    const client = await ControlClient.connect(path);
    await server?.close();
    server = undefined;
    await assert.rejects(client.status(), { code: 'CONTROL_SOCKET_FAILED' });
    await assert.rejects(sendControl(path, { type: 'pause' }, { patienceMs: 0 }), {
      code: 'CONTROL_SOCKET_FAILED',
    });
  });

  it('is waited for when the service has only just come up', async () => {
    const answer = sendControl(path, { type: 'pause' });
    await open();
    assert.equal(await answer, 'accepted');
  });

  it('says what is wrong, closes, and goes on serving others', async () => {
    await open();
    const bad: ReadonlyArray<readonly [string | Buffer, RegExp]> = [
      ['nonsense\n', /Not JSON/],
      ['[]\n', /Not an object/],
      ['{"type":"status"}\n', /No integer/],
      ['{"id":1,"type":"exec"}\n', /Unknown \\"type\\"/],
      ['{"id":1,"type":"control"}\n', /malformed/],
      ['{"id":1,"type":"control","control":{"type":"custom","code":127}}\n', /malformed/],
      ['{"id":1,"type":"control","control":{"type":"custom","code":"200"}}\n', /malformed/],
      ['{"id":1,"type":"control","control":{"type":"stop","reason":"because"}}\n', /malformed/],
      ['{"id":1,"type":"control","control":{"type":"session-change"}}\n', /malformed/],
      ['x'.repeat(5_000), /longer than 4096/],
      [Buffer.from([0xff, 0xfe, 0x0a]), /Not JSON/],
    ];
    for (const [data, expected] of bad) assert.match(await raw(data), expected);
    assert.deepEqual(received, []);
    assert.equal(await sendControl(path, { type: 'pause' }), 'accepted');
  });

  it('survives clients that vanish half-way', async () => {
    await open();
    const sockets = await Promise.all(
      Array.from(
        { length: 10 },
        () =>
          new Promise<Socket>((resolve) => {
            const socket = connect(path, () => socket.write('{"id":1,', () => resolve(socket)));
          }),
      ),
    );
    for (const socket of sockets) socket.destroy();
    assert.equal(await sendControl(path, { type: 'pause' }), 'accepted');
  });
});

describe('the client of a control socket', { skip }, () => {
  for (const [what, answer] of [
    ['nonsense', (socket) => socket.end('hello\n')],
    ['nothing', (socket) => socket.destroy()],
    ['an endless line', (socket) => socket.end('x'.repeat(100_000))],
    ['an answer without an answer', (socket) => socket.end('{"id":1}\n')],
    ['an error', (socket) => socket.end('{"id":0,"error":"Not today"}\n')],
  ] satisfies ReadonlyArray<readonly [string, (socket: Socket) => void]>) {
    it(`fails on ${what}`, async () => {
      await using _peer = await peer(answer);
      const client = await ControlClient.connect(path);
      await assert.rejects(client.control({ type: 'pause' }), { code: 'CONTROL_SOCKET_FAILED' });
      client.close();
    });
  }

  it('does not wait for ever on a service that is blocked', async () => {
    await using _peer = await peer(() => {});
    const client = await ControlClient.connect(path, { timeoutMs: 50 });
    await assert.rejects(client.status(), {
      code: 'CONTROL_SOCKET_FAILED',
      message: /no answer within 50 ms/,
    });
    client.close();
  });
});

describe('the protocol of the control socket', () => {
  it('takes what it allows, and nothing more of it', () => {
    assert.deepEqual(control({ type: 'pause', extra: 1 }), { type: 'pause' });
    assert.deepEqual(control({ type: 'stop' }), { type: 'stop', reason: 'stop' });
    assert.deepEqual(control({ type: 'stop', reason: 'interrupt', force: true }), {
      type: 'stop',
      reason: 'interrupt',
      force: true,
    });
    assert.equal(control({ type: '__proto__' }), undefined);
  });

  it('never throws on what comes from outside', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json()), (line) => {
        parseRequest(line);
        parseResponse(line);
      }),
    );
  });

  it('cuts lines wherever the chunks end', () => {
    const lines = fc.array(fc.string({ maxLength: 20 }).map((line) => line.replaceAll('\n', '')));
    fc.assert(
      fc.property(lines, fc.integer({ min: 1, max: 7 }), (wanted, size) => {
        const splitter = new LineSplitter(20);
        const stream = wanted.map((line) => `${line}\n`).join('');
        const got: string[] = [];
        for (let at = 0; at < stream.length; at += size)
          got.push(...(splitter.push(stream.slice(at, at + size)) ?? []));
        assert.deepEqual(got, wanted);
      }),
    );
  });
});
