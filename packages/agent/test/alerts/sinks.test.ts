import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';

import { isAppError } from '@mainstay/core';
import { SMTPServer } from 'smtp-server';

import { commandSink } from '../../src/alerts/sinks/command.ts';
import { smtpSink } from '../../src/alerts/sinks/smtp.ts';
import { webhookSink } from '../../src/alerts/sinks/webhook.ts';
import { alert } from './fixtures.ts';

const never = new AbortController().signal;

describe('the webhook', () => {
  async function post(status: number): Promise<{ request: IncomingMessage; body: string; failure: unknown }> {
    let got: { request: IncomingMessage; body: string } | undefined;
    const server = createServer((request, response) => {
      let body = '';
      request.setEncoding('utf8').on('data', (part: string) => (body += part));
      request.on('end', () => {
        got = { request, body };
        response.writeHead(status).end('answer');
      });
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    try {
      const { port } = server.address() as AddressInfo;
      const sink = webhookSink({
        type: 'webhook',
        url: `http://127.0.0.1:${port}/secret`,
        headers: { 'x-key': 'k' },
      });
      assert.ok(!sink.target.includes('secret'));
      const failure = await sink.send(alert, never).catch((error: unknown) => error);
      assert.ok(got);
      return { ...got, failure };
    } finally {
      server.closeAllConnections();
      server.close();
    }
  }

  it('gets the alert as JSON, with a text for chats', async () => {
    const { request, body, failure } = await post(200);
    assert.equal(failure, undefined);
    assert.equal(request.headers['content-type'], 'application/json');
    assert.equal(request.headers['x-key'], 'k');
    const { text: words, ...fields } = JSON.parse(body) as Record<string, unknown>;
    assert.deepEqual(fields, { ...alert });
    assert.match(String(words), /^\[Alert\] orders\/0 has failed \(box\)\nExit code 1\n/);
  });

  for (const [status, isFinal] of [
    [404, true],
    [429, false],
    [503, false],
  ] as const)
    it(`that answers ${status} is ${isFinal ? 'not ' : ''}tried again`, async () => {
      const { failure } = await post(status);
      assert.ok(isAppError(failure));
      assert.equal(failure.details.isFinal, isFinal);
    });
});

describe('mail', () => {
  async function mail(password: string): Promise<{ body: string; failure: unknown; target: string }> {
    let body = '';
    const server = new SMTPServer({
      authOptional: false,
      allowInsecureAuth: true,
      disabledCommands: ['STARTTLS'],
      onAuth: (auth, _session, done) =>
        auth.password === 'p@ss word'
          ? done(null, { user: 'me' })
          : done(new Error(`Wrong: ${auth.password}`)),
      onData: (stream, _session, done) => {
        stream.setEncoding('utf8').on('data', (part: string) => (body += part));
        stream.on('end', () => done());
      },
    });
    server.on('error', () => undefined);
    server.listen(0, '127.0.0.1');
    await once(server.server, 'listening');
    try {
      const { port } = server.server.address() as AddressInfo;
      const sink = smtpSink({
        type: 'smtp',
        url: `smtp://me:${encodeURIComponent(password)}@127.0.0.1:${port}`,
        from: 'agent@example.com',
        to: ['one@example.com', 'two@example.com'],
      });
      const failure = await sink.send(alert, never).catch((error: unknown) => error);
      return { body, failure, target: sink.target };
    } finally {
      await new Promise<void>((resolve) => server.close(() => resolve()));
    }
  }

  it('arrives, with its subject and its text', async () => {
    const { body, failure, target } = await mail('p@ss word');
    assert.equal(failure, undefined);
    assert.match(body, /^Subject: \[Alert\] orders\/0 has failed \(box\)\r$/m);
    assert.match(body, /^To: one@example.com, two@example.com\r$/m);
    assert.match(body, /cannot open "the" database/);
    assert.match(target, /^smtp 127\.0\.0\.1:\d+$/);
  });

  it('that is refused says why, without the password', async () => {
    const { failure } = await mail('hunter two');
    assert.ok(isAppError(failure));
    assert.equal(failure.details.isFinal, true);
    assert.match(failure.message, /Wrong: \*\*\*/);
    assert.ok(!JSON.stringify([failure.message, failure.stack, failure.cause]).includes('hunter'));
  });
});

describe('the command', () => {
  const run = (script: string, signal = never, ...args: string[]) =>
    commandSink({ type: 'command', command: [process.execPath, '-e', script, ...args] }, {}).send(
      alert,
      signal,
    );

  it('gets JSON on standard input, and variables', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'alert-command-'));
    try {
      const path = join(folder, 'got');
      await run(
        `let t='';process.stdin.on('data',d=>t+=d).on('end',()=>require('fs').writeFileSync(process.argv[1],JSON.stringify({a:JSON.parse(t),e:process.env})))`,
        never,
        path,
      );
      const { a, e } = JSON.parse(await readFile(path, 'utf8')) as { a: unknown; e: Record<string, string> };
      assert.deepEqual(a, { ...alert });
      assert.equal(e.MAINSTAY_ALERT_SERVICE, 'orders');
      assert.equal(e.MAINSTAY_ALERT_MESSAGE, alert.message);
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it('that fails says so with its last words', async () => {
    await assert.rejects(run(`console.error('no such room');process.exit(3)`), /exit code 3: no such room/);
    const missing = commandSink({ type: 'command', command: ['/no/such/command'] }, {});
    await assert.rejects(missing.send(alert, never), /could not be started/);
  });

  it('need not read its input', () => run('process.exit(0)'));

  it(
    'that hangs is killed, with what it has started',
    { skip: process.platform === 'win32' && 'POSIX groups' },
    async () => {
      const folder = await mkdtemp(join(tmpdir(), 'alert-command-'));
      try {
        const path = join(folder, 'pid');
        const controller = new AbortController();
        const sent = run(
          `const c=require('child_process').spawn(process.execPath,['-e','setInterval(()=>{},1e9)']);require('fs').writeFileSync(process.argv[1],String(c.pid));setInterval(()=>{},1e9)`,
          controller.signal,
          path,
        );
        const pid = await poll(async () => Number(await readFile(path, 'utf8').catch(() => '')) || undefined);
        controller.abort();
        await assert.rejects(sent, /was ended by SIGKILL/);
        await poll(async () => isGone(pid) || undefined);
      } finally {
        await rm(folder, { recursive: true });
      }
    },
  );
});

async function poll<T>(look: () => Promise<T | undefined>): Promise<T> {
  for (;;) {
    const found = await look();
    if (found !== undefined) return found;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

function isGone(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return false;
  } catch {
    return true;
  }
}
