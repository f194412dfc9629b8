import assert from 'node:assert/strict';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer as createHttpServer, type RequestListener } from 'node:http';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, it } from 'node:test';

import type { Clock } from '@mainstay/core';
import { systemClock } from '@mainstay/platform';

import { createProber, type Probed } from '../../src/health/prober.ts';
import type { ProbeResult } from '../../src/health/types.ts';
import type { ProbeTarget, ServiceDeclaration } from '../../src/manifest/types.ts';
import type { HealthProbe, Run } from '../../src/runner/types.ts';

const closing: Array<() => Promise<void> | void> = [];

afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

/** Time as it is, and a count of the timers that are set. */
function countingClock(): Clock & { readonly timers: Set<object> } {
  const timers = new Set<object>();
  return {
    timers,
    now: () => systemClock.now(),
    monotonic: () => systemClock.monotonic(),
    setTimer(ms, callback) {
      const timer = systemClock.setTimer(ms, () => {
        timers.delete(timer);
        callback();
      });
      timers.add(timer);
      return {
        clear() {
          timers.delete(timer);
          timer.clear();
        },
      };
    },
  };
}

interface OfOptions {
  readonly answer?: HealthProbe | Error | 'never';
  readonly cwd?: string;
  readonly kind?: Probed['kind'];
}

/** Of a run, only what a probe may ask of it. */
function of({ answer, cwd = tmpdir(), kind }: OfOptions = {}): Probed {
  const probe = (): Promise<HealthProbe | undefined> => {
    if (answer === 'never') return new Promise(() => {});
    return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer);
  };
  const run = { id: { service: 'orders', instance: 1, run: 7 }, probe } as unknown as Run;
  const declaration = { cwd, env: { FROM: 'manifest' }, user: undefined } as unknown as ServiceDeclaration;
  return { run, declaration, ...(kind && { kind }) };
}

/** Probes, and looks that no timer of the prober is left. */
async function probe(target: ProbeTarget, probed = of(), timeoutMs = 10_000): Promise<ProbeResult> {
  const clock = countingClock();
  const prober = createProber({ clock, environment: { PATH: process.env['PATH'] } });
  const result = await prober.probe(target, probed, timeoutMs);
  assert.equal(clock.timers.size, 0);
  assert.ok(result.tookMs >= 0);
  return result;
}

async function listen(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  closing.push(() => new Promise((resolve) => server.close(() => resolve())));
  return (server.address() as AddressInfo).port;
}

const serve = (listener: RequestListener): Promise<number> => listen(createHttpServer(listener));
const http = (port: number, path = '/'): ProbeTarget => ({
  type: 'http',
  url: `http://127.0.0.1:${port}${path}`,
});

describe('an http probe', () => {
  for (const [status, ok] of [
    [200, true],
    [204, true],
    [302, true],
    [404, false],
    [503, false],
  ] as const) {
    it(`${status} is ${ok ? 'well' : 'a failure'}`, async () => {
      const port = await serve((_, response) => {
        response.writeHead(status, { location: 'http://127.0.0.1:1/' }).end();
      });
      const result = await probe(http(port));
      assert.equal(result.ok, ok);
      assert.match(result.detail, new RegExp(`^${status} in \\d+ ms$`));
    });
  }

  it('asks on a connection of its own, which it does not keep', async () => {
    const sockets = new Set<Socket>();
    let asked: string | undefined;
    const server = createHttpServer((request, response) => {
      asked = `${request.method} ${request.url} ${request.headers.connection}`;
      response.end('well');
    });
    server.on('connection', (socket: Socket) => sockets.add(socket));
    const port = await listen(server);
    for (let round = 1; round <= 3; round += 1) {
      assert.equal((await probe(http(port, '/healthz?deep=1'))).ok, true);
      assert.equal(sockets.size, round);
    }
    assert.equal(asked, 'GET /healthz?deep=1 close');
    for (const socket of sockets) if (!socket.closed) await once(socket, 'close');
  });

  it('does not read a body without an end', async () => {
    const port = await serve((_, response) => {
      const more = (): void => {
        while (response.write(Buffer.alloc(65_536)));
      };
      response.on('drain', more);
      more();
    });
    assert.equal((await probe(http(port))).ok, true);
  });

  it('that gets no answer, or half of one, has failed when its time is over, and its connection is closed', async () => {
    for (const listener of [
      () => {},
      (_, response) => void response.write('half'),
    ] satisfies RequestListener[]) {
      const server = createHttpServer(listener);
      const closed = new Promise((resolve) =>
        server.on('connection', (socket: Socket) => {
          socket.once('close', resolve);
        }),
      );
      const port = await listen(server);
      assert.deepEqual(
        { ...(await probe(http(port), of(), 100)), tookMs: 0 },
        {
          ok: false,
          detail: 'no answer within 100ms',
          tookMs: 0,
        },
      );
      await closed;
    }
  });

  it('says why there is no connection', async () => {
    const gone = createServer();
    const port = await listen(gone);
    await closing.pop()?.();
    assert.equal((await probe(http(port))).detail, 'connection refused');
    const resetting = await listen(createServer((socket) => void socket.resetAndDestroy()));
    assert.equal((await probe(http(resetting))).detail, 'connection reset');
    const talking = await listen(createServer((socket) => void socket.resume().end('SSH-2.0-server\r\n')));
    const result = await probe(http(talking));
    assert.equal(result.ok, false);
    assert.match(result.detail, /Parse Error/);
  });
});

describe('a tcp probe', () => {
  it('is well when somebody accepts, and leaves no connection', async () => {
    let closed: Promise<unknown> | undefined;
    const server = createServer((socket) => {
      closed = once(
        socket.resume().on('error', () => {}),
        'close',
      );
    });
    const port = await listen(server);
    const result = await probe({ type: 'tcp', host: '127.0.0.1', port });
    assert.equal(result.ok, true);
    assert.match(result.detail, /^connected in \d+ ms$/);
    await closed;
  });

  it('fails when nobody listens', async () => {
    const port = await listen(createServer());
    await closing.pop()?.();
    const { ok, detail } = await probe({ type: 'tcp', host: '127.0.0.1', port });
    assert.deepEqual({ ok, detail }, { ok: false, detail: 'connection refused' });
  });
});

describe('an exec probe', { skip: process.platform === 'win32' && 'uses sh' }, () => {
  const sh = (script: string): ProbeTarget => ({ type: 'exec', command: ['sh', '-c', script] });

  it('is well with exit code 0, and shows the last line', async () => {
    const { ok, detail } = await probe(sh('echo first; echo "all is well"'));
    assert.deepEqual({ ok, detail }, { ok: true, detail: 'exit code 0: all is well' });
  });

  it('fails with another code, and with a signal', async () => {
    assert.equal((await probe(sh('echo no database >&2; exit 3'))).detail, 'exit code 3: no database');
    assert.equal((await probe(sh('kill -9 $$'))).detail, 'signal SIGKILL');
    assert.equal((await probe(sh('kill -9 $$'))).ok, false);
  });

  it("runs in the service's folder with its environment", async () => {
    const directory = await mkdtemp(join(tmpdir(), 'prober-'));
    closing.push(() => rm(directory, { recursive: true, force: true }));
    const line = '$PWD $FROM $MAINSTAY_SERVICE $MAINSTAY_INSTANCE $MAINSTAY_RUN';
    const { detail } = await probe(sh(`echo "${line}"`), of({ cwd: directory }));
    assert.equal(detail, `exit code 0: ${directory} manifest orders 1 7`);
  });

  it('says that there is no such command', async () => {
    const result = await probe({ type: 'exec', command: ['no-such-command-here'] });
    assert.deepEqual({ ...result, tookMs: 0 }, { ok: false, detail: 'no such command or folder', tookMs: 0 });
  });

  it('keeps little of a long output', async () => {
    const { ok, detail } = await probe(sh('yes 0123456789 | head -n 200000; printf "%01000d" 5'));
    assert.equal(ok, true);
    assert.ok(detail.length < 250);
  });

  it('that hangs is killed with all that it started', { skip: !existsSync('/proc/self') }, async () => {
    const directory = await mkdtemp(join(tmpdir(), 'prober-'));
    closing.push(() => rm(directory, { recursive: true, force: true }));
    const pids = (): number[] => readFileSync(join(directory, 'pids'), 'utf8').trim().split('\n').map(Number);
    const target = sh('trap "" TERM; sleep 600 & echo $! > pids; echo $$ >> pids; wait');
    const { ok, detail } = await probe(target, of({ cwd: directory }), 2_000);
    assert.deepEqual({ ok, detail }, { ok: false, detail: 'no answer within 2s' });
    await untilGone(pids());
  });

  it('takes what it left behind with it', { skip: !existsSync('/proc/self') }, async () => {
    const { ok, detail } = await probe(sh('sleep 600 & echo $!'));
    assert.equal(ok, true);
    await untilGone([Number(detail.split(': ')[1])]);
  });
});

/** A zombie that its parent has not waited for yet has gone as well (proc_pid_stat(5)). */
async function untilGone(pids: readonly number[]): Promise<void> {
  assert.ok(pids.length > 0 && pids.every((pid) => pid > 1));
  const lives = (pid: number): boolean => {
    try {
      const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
      return stat.slice(stat.lastIndexOf(')') + 2, stat.lastIndexOf(')') + 3) !== 'Z';
    } catch {
      return false;
    }
  };
  while (pids.some(lives)) await new Promise((resolve) => setTimeout(resolve, 10));
}

const healthy: HealthProbe = {
  report: { state: 'ok', ready: true, checks: { lifecycle: { state: 'ok', detail: 'running' } } },
  metrics: { eventLoopDelayMs: { count: 10, p50: 1, p99: 12.34, max: 20 } },
};

describe('a heartbeat', () => {
  const heartbeat: ProbeTarget = { type: 'heartbeat' };
  const sick: HealthProbe = {
    ...healthy,
    report: { state: 'failed', ready: false, checks: { database: { state: 'failed', detail: 'gone' } } },
  };
  const paused: HealthProbe = { ...healthy, report: { ...healthy.report, ready: false } };

  it('is what the service says of itself', async () => {
    const well = await probe(heartbeat, of({ answer: healthy }));
    assert.deepEqual([well.ok, well.detail], [true, 'ok']);
    const ill = await probe(heartbeat, of({ answer: sick }));
    assert.deepEqual([ill.ok, ill.detail], [false, 'database failed (gone)']);
  });

  it('is well when a service is not ready, but for readiness', async () => {
    assert.equal((await probe(heartbeat, of({ answer: paused }))).ok, true);
    const result = await probe(heartbeat, of({ answer: paused, kind: 'readiness' }));
    assert.deepEqual([result.ok, result.detail], [false, 'not ready']);
  });

  it('that is not answered has failed, whoever notices', async () => {
    assert.equal((await probe(heartbeat, of({}), 5_000)).detail, 'no answer within 5s');
    assert.equal((await probe(heartbeat, of({ answer: 'never' }), 50)).detail, 'no answer within 50ms');
    const { ok, detail } = await probe(heartbeat, of({ answer: new Error('the channel is closed') }));
    assert.deepEqual([ok, detail], [false, 'the channel is closed']);
  });
});

describe('a probe of the event loop', () => {
  const target = (maxMs: number): ProbeTarget => ({ type: 'loop-delay', maxMs });

  it('compares the p99 with its bound', async () => {
    const well = await probe(target(50), of({ answer: healthy }));
    assert.deepEqual([well.ok, well.detail], [true, 'event-loop delay p99 12.3 ms']);
    const slow = await probe(target(10), of({ answer: healthy }));
    assert.deepEqual([slow.ok, slow.detail], [false, 'event-loop delay p99 12.3 ms, more than 10 ms']);
  });

  it('takes the worst of the instances of a service', async () => {
    const instances = [{ metrics: { eventLoopDelayMs: { p99: 80 } } }, { metrics: undefined }];
    const answer = { ...healthy, metrics: { ...(healthy.metrics as object), instances } };
    assert.equal((await probe(target(50), of({ answer }))).ok, false);
  });

  it('fails without an answer, and without a measurement', async () => {
    assert.equal((await probe(target(50), of({}))).ok, false);
    const { ok, detail } = await probe(target(50), of({ answer: { ...healthy, metrics: undefined } }));
    assert.deepEqual([ok, detail], [false, 'it does not report the delay of its event loop']);
  });
});
