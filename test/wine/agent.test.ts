import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readdir, readFile } from 'node:fs/promises';
import { get } from 'node:http';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { eventually } from '../conformance/workspace.ts';
import { AgentSession } from './agent/agent-session.ts';

/** What `plain.cjs` writes. */
const lines = 20_000;
const everything = ['-n', '1000000'] as const;

/** One session for all: each part builds on what those before it have left. */
describe('the agent on Windows', () => {
  let session: AgentSession;
  let port = 0;
  let manifest: Record<string, Record<string, unknown>> = {};
  before(async () => {
    port = await freePort();
    session = await AgentSession.start();
    manifest = {
      plain: {
        exec: [session.node, 'plain.cjs', 'C:\\work'],
        logs: { rotate: '64KiB' },
        restart: { backoff: '1s..5s' },
      },
    };
  });
  // Undefined when the session could not be made.
  after(() => (session as AgentSession | undefined)?.[Symbol.asyncDispose]());

  let failed: string | undefined;
  /** What follows a part that has failed is not tried: it would wait for what is not there. */
  const part = (title: string, body: () => Promise<void>): void =>
    void it(title, async (t) => {
      if (failed !== undefined) return t.skip(`"${failed}" has failed`);
      failed = title;
      await body();
      failed = undefined;
    });

  const plainTree = async (run: number): Promise<number[]> =>
    eventually(`run ${run} of the plain program`, async () => {
      const text = await readFile(join(session.folder, `plain-${run}.json`), 'utf8').catch(() => '');
      return text === '' ? undefined : (JSON.parse(text) as number[]);
    });

  part('runs as a plain process, and answers on its named pipe', async () => {
    await session.startAgent();
    assert.deepEqual(JSON.parse(await session.ask('ps', '--json')), []);
    const other = await session.run('run');
    assert.match(other.stdout + other.stderr, /AGENT_ALREADY_RUNNING|runs already/);
  });

  part('starts a program that crashes again, and says why', async () => {
    await session.apply({ services: manifest });
    await plainTree(2);
    const { state, instances } = await session.service('plain');
    assert.equal(state, 'running');
    assert.deepEqual([instances[0]?.run, instances[0]?.restarts], [2, 1]);
    const why = await session.ask('why', 'plain');
    assert.match(why, /restarted .* because it ended with exit code 3/);
    assert.match(await session.ask('describe', 'plain'), /plain\.cjs/);
    assert.match(await session.ask('metrics'), /mainstay_\w*restarts\w*\{[^}]*service="plain"/);
  });

  part('keeps every line over rotations, with a reader that has the files open', async () => {
    const logged = await session.ask('logs', 'plain', '--raw', ...everything);
    const numbers = [...logged.matchAll(/^line (\d+) of/gm)].map((match) => Number(match[1]));
    assert.deepEqual(
      numbers,
      Array.from({ length: lines }, (_, number) => number),
    );
    const files = await readdir(join(session.wine.drive, 'agent/logs/plain'));
    assert.ok(files.length > 2, files.join(', '));
  });

  part('asks a program without a channel by Ctrl-C', async () => {
    const tree = await plainTree(2);
    await session.ask('stop', 'plain');
    assert.match(await session.ask('logs', 'plain', '--raw', '-n', '5'), /^heard SIGINT$/m);
    assert.match(await session.ask('why', 'plain'), /exit code 0/);
    assert.deepEqual(await session.living(tree), []);
    await session.ask('start', 'plain');
    await plainTree(3);
  });

  part('leaves nothing when it is terminated, and its successor goes on', async () => {
    const tree = await plainTree(3);
    assert.deepEqual(await session.living(tree), tree);
    await session.terminateAgent();
    await eventually('the end of all processes', async () =>
      (await session.living(tree)).length === 0 ? true : undefined,
    );
    await session.startAgent();
    await plainTree(4);
    const { state, instances } = await session.service('plain');
    assert.deepEqual([state, instances[0]?.run], ['running', 4]);
    assert.match(await session.ask('logs', 'plain', '--raw', ...everything), /^line 19999 of/m);
  });

  part('runs instances of a Mainstay service on one port', async () => {
    manifest['web'] = {
      service: 'web.exe',
      instances: 2,
      env: { PORT: String(port) },
      health: { http: `http://127.0.0.1:${port}/`, interval: '1s' },
    };
    await session.apply({ services: manifest });
    const pids = await eventually('two instances', async () => {
      const { instances } = await session.service('web');
      return instances.every(({ phase }) => phase === 'running')
        ? instances.map(({ pid }) => pid)
        : undefined;
    });
    assert.equal(pids.length, 2);
    const seen = new Set<number>();
    await eventually(
      'an answer of both',
      async () => (seen.add(await ask(port)), seen.size === 2 || undefined),
    );
    assert.deepEqual(seen, new Set(pids));
  });

  part('reloads them one after the other, and drops no request', async () => {
    const before = (await session.service('web')).instances.map(({ pid }) => pid);
    const reload = new AbortController();
    const failures: unknown[] = [];
    let answers = 0;
    const asking = (async () => {
      while (!reload.signal.aborted) {
        try {
          await ask(port);
          answers += 1;
        } catch (error) {
          failures.push(error);
        }
      }
    })();
    await session.ask('reload', 'web').finally(() => reload.abort());
    await asking;
    const now = (await session.service('web')).instances.map(({ pid }) => pid);
    assert.deepEqual(
      now.filter((pid) => before.includes(pid)),
      [],
    );
    assert.ok(answers > 0);
    assert.deepEqual(failures, []);
  });

  part('scales', async () => {
    await session.ask('scale', 'web', '1');
    assert.equal((await session.service('web')).instances.length, 1);
    assert.ok((await ask(port)) > 0);
  });

  part('is installed as a Windows service by its own executable, and its services end with it', async () => {
    await session.terminateAgent();
    const installed = await session.asInstalled('agent', 'install', '--manifest', 'mainstay.yaml', '--json');
    assert.match(installed, /"outcome":"installed"/);
    const query = await session.wine.run('sc.exe', ['query', 'mainstay-agent']);
    assert.match(query.stdout, /RUNNING/);
    assert.match(await session.asInstalled('agent', 'status'), /is running/);
    await eventually('an answer', () => ask(port).catch(() => undefined));
    const pids = await session.pidsOf('asInstalled');
    assert.deepEqual(await session.living(pids), pids);
    const asked = await session.wine.run('sc.exe', ['stop', 'mainstay-agent']);
    assert.equal(asked.code, 0, asked.stdout + asked.stderr);
    await eventually('the end of the service', async () =>
      /STOPPED/.test((await session.wine.run('sc.exe', ['query', 'mainstay-agent'])).stdout)
        ? true
        : undefined,
    );
    assert.deepEqual(await session.living(pids), []);
    await assert.rejects(ask(port), { code: 'ECONNREFUSED' });
  });

  part('goes on when the SCM starts it again, and is removed by its own executable', async () => {
    const started = await session.wine.run('net.exe', ['start', 'mainstay-agent']);
    assert.equal(started.code, 0, started.stdout + started.stderr);
    const pids = await session.pidsOf('asInstalled');
    await eventually('an answer', () => ask(port).catch(() => undefined));
    await session.asInstalled('agent', 'uninstall', '--purge');
    assert.deepEqual(await session.living(pids), []);
    assert.notEqual((await session.wine.run('sc.exe', ['query', 'mainstay-agent'])).code, 0);
  });
});

async function ask(port: number): Promise<number> {
  const request = get({ host: '127.0.0.1', port, agent: false, timeout: 10_000 });
  request.on('timeout', () => request.destroy(new Error('No answer within 10 s')));
  const [response] = (await once(request, 'response')) as [AsyncIterable<Buffer>];
  let text = '';
  for await (const chunk of response) text += String(chunk);
  return Number(text);
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
