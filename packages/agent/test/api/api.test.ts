import assert from 'node:assert/strict';
import { existsSync, statSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { request as httpRequest } from 'node:http';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';

import { openApiServer, type ApiServer } from '../../src/api/server.ts';
import { AgentClient } from '../../src/client/agent-client.ts';
import { endpointIn } from '../../src/socket/endpoint.ts';
import { declaration, manifestOf, recordedLog, temporaryDirectory, until } from '../fixtures.ts';
import { FakeBackend } from './fake-backend.ts';

interface Opened {
  readonly backend: FakeBackend;
  readonly server: ApiServer;
  readonly client: AgentClient;
  readonly path: string;
}

async function open(t: TestContext): Promise<Opened> {
  const backend = new FakeBackend();
  const endpoint = endpointIn(temporaryDirectory(t));
  const server = await openApiServer({ endpoint, backend, log: recordedLog().logger, now: Date.now });
  t.after(() => server.close());
  return { backend, server, client: new AgentClient({ socketPath: endpoint.path }), path: endpoint.path };
}

/** Sends bytes as they are; resolves with all that comes back. */
async function raw(path: string, text: string): Promise<string> {
  const socket = connect(path);
  socket.write(text);
  let answer = '';
  for await (const chunk of socket.setEncoding('utf8') as AsyncIterable<string>) answer += chunk;
  return answer;
}

describe('the API', () => {
  it('answers what it is asked', async (t) => {
    const { client, backend } = await open(t);
    assert.equal((await client.agent()).version, '1.2.3');
    assert.deepEqual(await client.services(), []);
    assert.equal((await client.service('known é')).declaration.name, 'known');
    assert.deepEqual(await client.why('a/b'), []);
    assert.deepEqual(await client.plan(manifestOf(declaration('a'))), { changes: [], settings: [] });
    await client.apply(manifestOf(declaration('a')));
    await client.act('restart', ['a', 'b']);
    await client.shutdown({ force: true });
    assert.equal(await client.metrics(), 'up 1\n');
    assert.deepEqual(await client.testAlerts(), [{ target: 'webhook' }]);
    assert.deepEqual(
      backend.calls.map(([name]) => name),
      ['why', 'apply', 'act', 'shutdown', 'testAlerts'],
    );
    assert.deepEqual(backend.calls[0], ['why', 'a/b']);
    assert.deepEqual(backend.calls[2], ['act', 'restart', ['a', 'b']]);
  });

  it('lets nobody but the owner in', async (t) => {
    const { path } = await open(t);
    assert.equal(statSync(path).mode & 0o777, 0o600);
  });

  it('hands failures on under their own codes', async (t) => {
    const { client } = await open(t);
    await assert.rejects(client.service('other'), {
      code: 'SUPERVISOR_UNKNOWN_SERVICE',
      message: 'There is no service other',
      exitCode: 2,
      details: { name: 'other' },
    });
    const broken = { ...manifestOf(), services: [{ name: 'a' }] };
    await assert.rejects(
      client.apply(broken as never),
      (error: { code: string; details: { problems: unknown[] } }) => {
        assert.equal(error.code, 'AGENT_MANIFEST_INVALID');
        assert.ok(error.details.problems.length > 1);
        return true;
      },
    );
  });

  for (const [what, body, code] of [
    ['an unknown action', { action: 'dance' }, 'AGENT_REQUEST_INVALID'],
    ['names that are no texts', { action: 'start', services: [1] }, 'AGENT_REQUEST_INVALID'],
    ['an unknown key', { action: 'start', service: ['a'] }, 'AGENT_REQUEST_INVALID'],
    ['a list', [], 'AGENT_REQUEST_INVALID'],
  ] as const) {
    it(`refuses ${what}`, async (t) => {
      const { path, backend } = await open(t);
      const text = JSON.stringify(body);
      const answer = await raw(
        path,
        `POST /v1/actions HTTP/1.1\r\nHost: a\r\nContent-Length: ${text.length}\r\n\r\n${text}`,
      );
      assert.match(answer, /^HTTP\/1.1 400 /);
      assert.match(answer, /application\/problem\+json/);
      assert.match(answer, new RegExp(code));
      assert.deepEqual(backend.calls, []);
    });
  }

  it('refuses unknown paths and methods, and bodies that are too large or no JSON', async (t) => {
    const { path } = await open(t);
    assert.match(
      await raw(path, 'GET /v2/agent HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n'),
      /^HTTP\/1.1 404 [\s\S]*AGENT_ENDPOINT_UNKNOWN/,
    );
    assert.match(
      await raw(path, 'PUT /v1/apply HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n'),
      /^HTTP\/1.1 405 [\s\S]*use POST/,
    );
    assert.match(await raw(path, 'GET /v1/services/%zz HTTP/1.1\r\nHost: a\r\n\r\n'), /percent-encoded/);
    assert.match(await raw(path, 'GET /v1/logs?lines=-1 HTTP/1.1\r\nHost: a\r\n\r\n'), /whole number/);
    assert.match(
      await raw(path, `POST /v1/apply HTTP/1.1\r\nHost: a\r\nContent-Length: ${9 * 1024 * 1024}\r\n\r\n`),
      /^HTTP\/1.1 413 [\s\S]*HTTP_BODY_TOO_LARGE/,
    );
    assert.match(
      await raw(path, 'POST /v1/scale HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\n{"a'),
      /HTTP_BODY_INVALID/,
    );
  });

  it('goes on after hundreds of requests at once', async (t) => {
    const { client } = await open(t);
    const answers = await Promise.all(Array.from({ length: 400 }, () => client.agent()));
    assert.ok(answers.every(({ version }) => version === '1.2.3'));
  });
});

describe('streams of the API', () => {
  it('bring the lines in order', async (t) => {
    const { client, backend } = await open(t);
    backend.lines = 2000;
    const times: number[] = [];
    for await (const { time } of client.logs({
      services: ['a', 'b'],
      instance: 1,
      lines: 5,
      since: 7,
      follow: true,
    }))
      times.push(time);
    assert.deepEqual(
      times,
      Array.from({ length: 2000 }, (_, at) => at),
    );
    assert.deepEqual(backend.calls, [
      ['logs', { services: ['a', 'b'], instance: 1, lines: 5, since: 7, follow: true }],
    ]);
  });

  it('take no more from the log than the reader takes', async (t) => {
    const { backend, path } = await open(t);
    backend.lines = 1_000_000;
    const socket = connect(path);
    t.after(() => socket.destroy());
    socket.pause();
    socket.write('GET /v1/logs HTTP/1.1\r\nHost: a\r\n\r\n');
    // As many as fit into buffers; without back-pressure all million would be taken.
    let before = -1;
    await until(
      () => {
        const same = backend.linesTaken > 0 && backend.linesTaken === before;
        before = backend.linesTaken;
        return same;
      },
      (same) => same,
    );
    assert.ok(backend.linesTaken < 10_000, String(backend.linesTaken));
    socket.destroy();
    await until(
      () => backend.openLogs,
      (count) => count === 0,
    );
  });

  it('end when the reader goes, in the middle of events', async (t) => {
    const { client, backend } = await open(t);
    const abort = new AbortController();
    const seen: unknown[] = [];
    const reading = (async () => {
      for await (const event of client.events({ signal: abort.signal })) {
        seen.push(event);
        abort.abort();
      }
    })();
    await until(
      () => backend.watchers.size,
      (size) => size === 1,
    );
    backend.emit(4);
    await reading;
    assert.deepEqual(seen, [{ type: 'changed', at: 1, service: 'a', instance: 4 }]);
    await until(
      () => backend.watchers.size,
      (size) => size === 0,
    );
  });

  it('drop events for a reader that hangs, and say how many', async (t) => {
    const { backend, client } = await open(t);
    const events = client.events();
    const first = events.next();
    await until(
      () => backend.watchers.size,
      (size) => size === 1,
    );
    // In one turn, so that nobody can take them meanwhile.
    for (let at = 0; at < 5000; at += 1) backend.emit(at);
    const seen = [(await first).value];
    while (seen.at(-1)?.type !== 'dropped') seen.push((await events.next()).value);
    await events.return();
    assert.deepEqual(seen.at(-1), { type: 'dropped', at: (seen.at(-1) as { at: number }).at, count: 4000 });
    assert.equal(seen.length, 1001);
  });

  it('fail, and do not just end, when the agent goes', async (t) => {
    const { backend, client, server } = await open(t);
    const next = client.events().next();
    await until(
      () => backend.watchers.size,
      (size) => size === 1,
    );
    await server.close();
    await assert.rejects(next, { code: 'AGENT_SOCKET_FAILED' });
  });

  it('are bounded in number', async (t) => {
    const { backend, path, client } = await open(t);
    const sockets = Array.from({ length: 64 }, () => connect(path));
    t.after(() => sockets.forEach((socket) => socket.destroy()));
    for (const socket of sockets) socket.resume().write('GET /v1/events HTTP/1.1\r\nHost: a\r\n\r\n');
    await until(
      () => backend.watchers.size,
      (size) => size === 64,
    );
    await assert.rejects(client.events().next(), { code: 'AGENT_BUSY' });
    assert.equal((await client.agent()).version, '1.2.3', 'other requests are answered');
  });
});

describe('the socket', () => {
  it('is taken over from an agent that was killed', async (t) => {
    const endpoint = endpointIn(temporaryDirectory(t));
    // A socket that nobody listens on any more, as kill -9 leaves it.
    const { promise, resolve } = Promise.withResolvers<void>();
    const dead = createServer().listen(endpoint.path, resolve);
    await promise;
    writeFileSync(join(endpoint.directory, 'other'), '');
    const { spawnSync } = await import('node:child_process');
    await new Promise<void>((done) => dead.close(() => done()));
    spawnSync(process.execPath, [
      '-e',
      `require('net').createServer().listen(${JSON.stringify(endpoint.path)}, () => process.kill(process.pid, 'SIGKILL'))`,
    ]);
    assert.ok(existsSync(endpoint.path));
    const options = { endpoint, backend: new FakeBackend(), log: recordedLog().logger, now: Date.now };
    const server = await openApiServer(options);
    t.after(() => server.close());
    assert.equal((await new AgentClient({ socketPath: endpoint.path }).agent()).pid, process.pid);
    await assert.rejects(openApiServer(options), {
      code: 'AGENT_ALREADY_RUNNING',
      details: { path: endpoint.path, pid: process.pid },
    });
    assert.equal((await new AgentClient({ socketPath: endpoint.path }).agent()).pid, process.pid);
  });

  it('has no path that the system would cut', () => {
    assert.throws(() => endpointIn(`/${'x'.repeat(100)}`, 'linux'), { code: 'AGENT_SOCKET_PATH_TOO_LONG' });
    assert.equal(Buffer.byteLength(endpointIn(`/${'x'.repeat(95)}`, 'linux').path), 107);
    assert.throws(() => endpointIn(`/${'é'.repeat(48)}`, 'linux'), { code: 'AGENT_SOCKET_PATH_TOO_LONG' });
  });

  it('is removed at the end', async (t) => {
    const { server, path, client } = await open(t);
    await server.close();
    assert.ok(!existsSync(path));
    await assert.rejects(client.agent(), { code: 'AGENT_NOT_RUNNING', exitCode: 7, message: /mainstay up/ });
  });

  it('tells that an agent does not answer', async (t) => {
    const endpoint = endpointIn(temporaryDirectory(t));
    const silent = createServer((socket) => socket.on('error', () => undefined).resume());
    await new Promise<void>((resolve) => silent.listen(endpoint.path, resolve));
    t.after(() => new Promise((resolve) => silent.close(resolve)));
    const client = new AgentClient({ socketPath: endpoint.path, timeoutMs: 50 });
    await assert.rejects(client.agent(), { code: 'AGENT_NOT_RESPONDING' });
  });

  it('is not used when it belongs to somebody else', async (t) => {
    const { path } = await open(t);
    const stat = { uid: 1234, mode: 0o700, isSocket: () => true, isSymbolicLink: () => false };
    const client = new AgentClient({ socketPath: path, ownership: { uid: 4321, lstat: () => stat } });
    await assert.rejects(client.agent(), { code: 'AGENT_SOCKET_WRONG_OWNER', exitCode: 4 });
    const rooted = new AgentClient({
      socketPath: path,
      ownership: { uid: 4321, lstat: () => ({ ...stat, uid: 0 }) },
    });
    assert.equal((await rooted.agent()).version, '1.2.3');
    const writable = { ...stat, uid: 4321, mode: 0o777 };
    const shared = new AgentClient({ socketPath: path, ownership: { uid: 4321, lstat: () => writable } });
    await assert.rejects(shared.agent(), {
      code: 'AGENT_SOCKET_WRONG_OWNER',
      message: /written to by others/,
    });
  });

  it('cuts a client off that sends a part of a request, and serves the others', async (t) => {
    const { path, client } = await open(t);
    const socket = connect(path);
    t.after(() => socket.destroy());
    socket
      .on('error', () => undefined)
      .write('POST /v1/apply HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n{');
    const half = httpRequest({ socketPath: path, path: '/v1/agent' }).on('error', () => undefined);
    half.flushHeaders();
    t.after(() => half.destroy());
    assert.equal((await client.agent()).version, '1.2.3');
  });
});
