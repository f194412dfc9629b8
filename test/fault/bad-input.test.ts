// What nobody should send; what runs goes on.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';

import { AgentClient } from '@mainstay/agent';
import type { Manifest } from '@mainstay/supervisor';

import {
  assertNoOrphans,
  assertOnlyShown,
  descriptorsOf,
  type FaultWorld,
  manifestOf,
  shellService,
  twoProcesses,
  until,
  worldOf,
} from './world/index.ts';

const running = shellService('a', twoProcesses);

/** Does it, and looks that the service of this world has not noticed. */
async function unharmed(t: TestContext, act: (world: FaultWorld) => Promise<unknown>): Promise<void> {
  const world = worldOf(t);
  await world.start();
  await world.client.apply(manifestOf(running));
  const { pid } = await world.reaches('a', 'running');
  await act(world);
  const { pid: now, run, phase } = await world.instance('a');
  assert.deepEqual([now, run, phase], [pid, 1, 'running']);
  assert.deepEqual((await world.client.plan(manifestOf(running))).changes, []);
  await assertOnlyShown(world);
  await world.end();
  await assertNoOrphans(world);
}

function open(t: TestContext, world: FaultWorld): Socket {
  const socket = connect(join(world.base, 'run', 'agent.sock'));
  socket.on('error', () => undefined);
  t.after(() => socket.destroy());
  return socket;
}

const request = (path: string, body: string): string =>
  `POST ${path} HTTP/1.1\r\nhost: agent\r\ncontent-type: application/json\r\nconnection: close\r\n` +
  `content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;

async function answerTo(t: TestContext, world: FaultWorld, text: string): Promise<string> {
  const socket = open(t, world);
  let answer = '';
  socket.setEncoding('utf8').on('data', (chunk: string) => {
    answer += chunk;
  });
  socket.write(text);
  await once(socket, 'close');
  return answer;
}

describe('bad input', () => {
  it('unknown actions, services and paths are refused by name', (t) =>
    unharmed(t, async (world) => {
      const { client } = world;
      await assert.rejects(client.act('explode' as never, ['a']), { message: /explode|action/ });
      for (const act of [client.act('stop', ['nobody']), client.scale('nobody', 2), client.why('nobody')])
        await assert.rejects(act, { code: 'SUPERVISOR_UNKNOWN_SERVICE', message: /nobody/ });
      for (const count of [0, -1, 1.5, Number.NaN, 1e9]) await assert.rejects(client.scale('a', count));
      assert.match(await answerTo(t, world, request('/v1/nothing', '{}')), /^HTTP\/1.1 404 /);
      assert.match(await answerTo(t, world, 'BREW /v1/services HTTP/1.1\r\n\r\n'), /^HTTP\/1.1 400 /);
    }));

  it('garbage in place of a manifest is refused as a whole', (t) =>
    unharmed(t, async (world) => {
      const wrong: readonly unknown[] = [
        undefined,
        7,
        [],
        {},
        { services: 'all' },
        { ...manifestOf(running), services: [{ ...running, instances: -1 }] },
        { ...manifestOf(running), services: [{ ...running, name: '../../etc' }] },
        { ...manifestOf(running), services: [running, running] },
        {
          ...manifestOf(running),
          services: [{ ...running, dependsOn: [{ service: 'a', condition: 'healthy' }] }],
        },
        { ...manifestOf(running), services: [{ ...running, unknown: 1 }] },
        JSON.parse('{"__proto__": {"services": []}}'),
      ];
      for (const manifest of wrong)
        await assert.rejects(world.client.apply(manifest as Manifest), /./, JSON.stringify(manifest));
      for (const body of ['', '{', '\u0000', '{"manifest":', 'null', '"'.repeat(1000)])
        assert.match(await answerTo(t, world, request('/v1/apply', body)), /^HTTP\/1.1 4/, body);
    }));

  it('a command that does not exist is refused, and nothing of that manifest is done', (t) =>
    unharmed(t, async (world) => {
      const missing = shellService('b', '', {
        program: { type: 'exec', command: '/no/such/program', args: [] },
      });
      const changed = { ...running, env: { NEW: '1' } };
      await assert.rejects(world.client.apply(manifestOf(changed, missing)), {
        code: 'AGENT_MANIFEST_REFUSED',
        message: /\/no\/such\/program/,
      });
    }));

  it('half a request keeps nobody else waiting', (t) =>
    unharmed(t, async (world) => {
      const halves = [
        '',
        'POST /v1/apply HT',
        request('/v1/apply', JSON.stringify(manifestOf())).slice(0, -20),
      ];
      for (const half of halves) {
        const socket = open(t, world);
        await once(socket, 'connect');
        socket.write(half);
        assert.equal((await world.client.services()).length, 1);
        socket.destroy();
      }
    }));

  it('a thousand connections are borne, and given back', (t) =>
    unharmed(t, async (world) => {
      const before = descriptorsOf(world.pid);
      const sockets = Array.from({ length: 1000 }, () => open(t, world));
      // Some may be refused; somebody who asks afterwards is answered.
      await Promise.all(
        sockets.map((socket) => Promise.race([once(socket, 'connect'), once(socket, 'close')])),
      );
      const client = new AgentClient({
        socketPath: join(world.base, 'run', 'agent.sock'),
        timeoutMs: 30_000,
      });
      const answered = client.services().then(
        ({ length }) => String(length),
        (error: { code: string }) => error.code,
      );
      assert.match(await answered, /^(?:1|AGENT_[A-Z_]+)$/);
      for (const socket of sockets) socket.destroy();
      await until(
        'Descriptors are given back',
        () => descriptorsOf(world.pid),
        (count) => count <= before + 2,
      );
      assert.equal((await world.client.services()).length, 1);
    }));
});
