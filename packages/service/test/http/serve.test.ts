import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { request } from 'node:http';
import { connect, createServer, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { isAppError } from '@mainstay/core';
import {
  readJson,
  sendJson,
  sendProblem,
  serveHttp,
  type HttpHandler,
  type HttpOptions,
  type HttpService,
} from '../../src/http/index.ts';
import { testContext, type TestContext } from './context.ts';

const hello: HttpHandler = (_, response) => void response.end('hello');

describe('serveHttp', () => {
  let test: TestContext;
  beforeEach(() => {
    test = testContext();
  });
  afterEach(() => test.dispose());

  const serve = (handler: HttpHandler, options: Partial<HttpOptions> = {}): Promise<HttpService> =>
    serveHttp(test.ctx, handler, { port: 0, host: '127.0.0.1', drainMs: 2_000, ...options });

  it('serves, and says where', async () => {
    const http = await serve(hello);
    assert.match(http.url, /^http:\/\/127\.0\.0\.1:\d+$/);
    assert.equal(await (await fetch(http.url)).text(), 'hello');
    assert.deepEqual(test.statuses, [`Listening on ${http.url}`]);
    assert.deepEqual(test.logged[0], { level: 'info', fields: { url: http.url }, message: 'Listening' });
  });

  it('serves an application that has to be made ready', async () => {
    let isReady = false;
    const application = {
      ready: async () => void (isReady = true),
      routing: (_: unknown, response: Parameters<HttpHandler>[1]) => void response.end(`ready ${isReady}`),
    };
    const http = await serveHttp(test.ctx, application, { port: 0, host: '127.0.0.1' });
    assert.equal(await (await fetch(http.url)).text(), 'ready true');
  });

  it('says clearly why it cannot listen', async () => {
    const taken = createServer().listen(0, '127.0.0.1');
    await once(taken, 'listening');
    const { port } = taken.address() as { port: number };
    await assert.rejects(serve(hello, { port }), {
      code: 'HTTP_PORT_IN_USE',
      message: new RegExp(String(port)),
    });
    taken.close();
    await assert.rejects(serve(hello, { host: '192.0.2.1' }), { code: 'HTTP_ADDRESS_UNAVAILABLE' });
  });

  it('listens on the socket that the host passed', async (t) => {
    const passed = createServer().listen(0, '127.0.0.1');
    await once(passed, 'listening');
    // The number of the descriptor is not part of Node's interface.
    const { fd } = (passed as unknown as { _handle: { fd: number } })._handle;
    const child = spawn(
      process.execPath,
      [fileURLToPath(new URL('fixtures/listen-on-3.ts', import.meta.url))],
      { stdio: ['ignore', 'pipe', 'inherit', fd] },
    );
    t.after(() => child.kill('SIGKILL'));
    const [line] = (await once(child.stdout ?? assert.fail(), 'data')) as [Buffer];
    const { port } = passed.address() as { port: number };
    passed.close();
    assert.equal(Number(line), port);
    assert.equal(await (await fetch(`http://127.0.0.1:${port}`)).text(), 'passed');
  });

  it('answers 500 when the handler throws or rejects, and lives on', async () => {
    const http = await serve((message, response) => {
      if (message.url === '/sync') throw new Error('sync');
      if (message.url === '/async') return Promise.reject(new Error('async'));
      response.end('fine');
    });
    for (const path of ['/sync', '/async']) {
      const response = await fetch(http.url + path);
      assert.equal(response.status, 500);
      assert.equal(response.headers.get('content-type'), 'application/problem+json');
      assert.doesNotMatch(await response.text(), /sync/);
    }
    assert.equal(await (await fetch(http.url)).text(), 'fine');
    assert.deepEqual(
      test.logged.filter(({ level }) => level === 'error').map(({ message }) => message),
      ['Request failed', 'Request failed'],
    );
  });

  it('answers for health and readiness', async () => {
    const http = await serve(hello, { healthPath: '/healthz', readyPath: '/readyz' });
    const statuses = async (): Promise<number[]> =>
      Promise.all(['/healthz?x', '/readyz'].map(async (path) => (await fetch(http.url + path)).status));
    assert.deepEqual(await statuses(), [200, 200]);
    test.paused = true;
    http.pause(7);
    assert.deepEqual(await statuses(), [200, 503]);
    const refused = await fetch(http.url);
    assert.deepEqual([refused.status, refused.headers.get('retry-after')], [503, '7']);
    http.resume();
    assert.equal((await fetch(http.url)).status, 200);
    test.ctx.health.set('disk', 'failed');
    assert.deepEqual(await statuses(), [503, 503]);
  });

  it('reads JSON up to a limit, and still answers beyond it', async () => {
    const http = await serve(async (message, response) => {
      try {
        sendJson(response, 200, await readJson(message, 100));
      } catch (error) {
        const tooLarge = isAppError(error) && error.code === 'HTTP_BODY_TOO_LARGE';
        sendProblem(response, {
          status: tooLarge ? 413 : 400,
          title: 'No',
          headers: { connection: 'close' },
        });
      }
    });
    const post = async (body: BodyInit): Promise<number> =>
      (await fetch(http.url, { method: 'POST', body, duplex: 'half' } as RequestInit)).status;
    assert.equal(await post('{"a":1}'), 200);
    assert.equal(await post('{"a":'), 400);
    assert.equal(await post(Buffer.from([0x22, 0xff, 0x22])), 400);
    assert.equal(await post(JSON.stringify('x'.repeat(200))), 413);
    const chunks = new ReadableStream({
      start(controller) {
        for (let n = 0; n < 3; n += 1) controller.enqueue(new TextEncoder().encode('x'.repeat(60)));
        controller.close();
      },
    });
    assert.equal(await post(chunks), 413);
  });

  it('cuts off what is not answered by the deadline, and says how much', async () => {
    const started = Promise.withResolvers<void>();
    const http = await serve(() => started.resolve(), { drainMs: 50 });
    const hanging = fetch(http.url).catch((error: unknown) => error);
    await started.promise;
    assert.deepEqual(await http.stop(), { cutOff: 1 });
    assert.ok((await hanging) instanceof Error);
  });

  it('waits for upgraded sockets until they end', async () => {
    const sockets: Array<{ end(): void }> = [];
    const http = await serve(hello, {
      upgrade: (_, socket) => {
        socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n');
        sockets.push(socket);
      },
    });
    const client = request(http.url, { headers: { connection: 'Upgrade', upgrade: 'echo' } });
    client.end();
    const [, clientSocket] = (await once(client, 'upgrade')) as [unknown, Socket];
    let isStopped = false;
    const stopped = http.stop().then((result) => {
      isStopped = true;
      return result;
    });
    await new Promise((resolve) => setTimeout(resolve, 400));
    assert.equal(isStopped, false);
    clientSocket.resume().on('end', () => clientSocket.end());
    for (const socket of sockets) socket.end();
    assert.deepEqual(await stopped, { cutOff: 0 });
  });

  it('releases everything when it is disposed of without a stop', async () => {
    const http = await serve(hello);
    const socket = connect(http.port, '127.0.0.1');
    await once(socket, 'connect');
    socket.on('error', () => undefined);
    while (
      test.ctx &&
      (await new Promise<number>((resolve) => http.server.getConnections((_, n) => resolve(n)))) === 0
    );
    await test.dispose();
    await once(socket, 'close');
    assert.equal(http.server.listening, false);
  });
});
