// What the agent promises somebody who finds it: a folder, a manifest, and programs that keep running.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { get } from 'node:http';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';

import type { Explanation, InstanceView, ServiceView } from '@mainstay/supervisor';

import { gone } from '../../packages/cli/test/up-process.ts';
import { Foreground, mainstay, TemporaryFolder } from './newcomer.ts';

const checkout = join(import.meta.dirname, '../..');
const command = [process.execPath, join(checkout, 'packages/cli/bin/mainstay.mjs')];
const hasPython = spawnSync('python3', ['--version']).status === 0;
const skip = (process.platform !== 'linux' && 'needs /proc') || (!hasPython && 'needs python3') || false;

const worker = `import os, sys, time
print("worker of", os.environ["MAINSTAY_SERVICE"], flush=True)
while True:
    print("working", flush=True)
    time.sleep(0.2)
`;

const manifest = (port: number): string => `services:
  orders:
    service: ${join(checkout, 'examples/orders-api')}
    instances: 2
    env: { PORT: "${port}" }
    health: { http: "http://127.0.0.1:${port}/healthz", interval: 30s, failures: 3 }
    restart: { policy: always, backoff: 1s..60s }
    limits: { openFiles: 1024 }
    logs: { rotate: 10MiB, keep: 8 }
  anything:
    exec: ["python3", "worker.py"]
    dependsOn: { orders: healthy }
`;

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

describe('a folder with a mainstay.yaml', { skip }, () => {
  let folder: TemporaryFolder;
  let up: Foreground;
  let port = 0;
  const pids = new Set<number>();

  async function json<Value>(...args: readonly string[]): Promise<Value> {
    const { stdout, stderr } = await mainstay(folder.path, [...args, '--json']);
    assert.ok(stdout !== '', stderr);
    return JSON.parse(stdout) as Value;
  }

  async function instances(): Promise<ReadonlyMap<string, InstanceView>> {
    const services = await json<ServiceView[] | { error: unknown }>('ps');
    if (!Array.isArray(services)) return new Map();
    const all = services.flatMap((service) =>
      service.instances.map((each) => [`${service.name}/${each.instance}`, each] as const),
    );
    for (const [, { pid }] of all) if (pid !== undefined) pids.add(pid);
    return new Map(all);
  }

  /** Polls until it is so; the runner's own deadline ends what never comes. */
  async function whenInstances(
    isSo: (all: ReadonlyMap<string, InstanceView>) => boolean,
  ): Promise<ReadonlyMap<string, InstanceView>> {
    for (;;) {
      const all = await instances();
      if (isSo(all)) return all;
    }
  }

  const allRun = (all: ReadonlyMap<string, InstanceView>): boolean =>
    all.size === 3 && [...all.values()].every(({ phase }) => phase === 'running');

  before(async () => {
    folder = await TemporaryFolder.make();
    port = await freePort();
    await writeFile(join(folder.path, 'mainstay.yaml'), manifest(port));
    await writeFile(join(folder.path, 'worker.py'), worker);
    up = new Foreground([...command, 'up'], folder.path);
  });

  after(async () => {
    await up[Symbol.asyncDispose]();
    await folder[Symbol.asyncDispose]();
  });

  it('is valid, and runs, in the order of its dependencies', async () => {
    const checked = await mainstay(folder.path, ['validate', '--no-host']);
    assert.equal(checked.code, 0, checked.stderr);
    const all = await whenInstances(allRun);
    const startOf = (name: string): number => all.get(name)?.startedAt ?? 0;
    assert.ok(startOf('anything/0') > startOf('orders/0'), 'it waited until orders was healthy');
    const { stdout } = await mainstay(folder.path, ['ps']);
    assert.match(stdout, /^orders\/1 +running +\d+ .* ok +/m);
  });

  it('starts again what was killed, and says why', async () => {
    const victim = (await instances()).get('orders/0')?.pid ?? 0;
    process.kill(victim, 'SIGKILL');
    const all = await whenInstances((now) => allRun(now) && now.get('orders/0')?.pid !== victim);
    assert.equal(all.get('orders/0')?.restarts, 1);
    const [why] = await json<Explanation[]>('why', 'orders/0');
    assert.match(why?.sentence ?? '', /SIGKILL/);
  });

  it('replaces the instances under load without a request dropped', async () => {
    let answered = 0;
    const over = new AbortController();
    const failures: unknown[] = [];
    const client = async (): Promise<void> => {
      while (!over.signal.aborted) {
        try {
          assert.equal(await statusOf(port), 200);
          answered += 1;
        } catch (error) {
          failures.push(error);
        }
      }
    };
    const clients = [client(), client()];
    const before = await instances();
    const reloaded = await mainstay(folder.path, ['reload', 'orders']);
    over.abort();
    await Promise.all(clients);
    assert.equal(reloaded.code, 0, reloaded.stderr);
    assert.deepEqual(failures, []);
    assert.ok(answered > 0);
    const now = await instances();
    for (const name of ['orders/0', 'orders/1']) assert.notEqual(now.get(name)?.pid, before.get(name)?.pid);
  });

  it('shows what they write, as they write it, until Ctrl-C', async () => {
    await using following = new Foreground([...command, 'logs', '-f', 'anything', 'orders'], folder.path);
    await following.printed(/anything\/0#1 \| working\n[^]*anything\/0#1 \| working\n/);
    await following.printed(/orders\/1#\d+ \| INFO /);
    following.pressCtrlC();
    assert.equal(await following.ended, 0);
  });

  it('leaves nothing behind after Ctrl-C', async () => {
    await instances();
    up.pressCtrlC();
    assert.equal(await up.ended, 0, up.output);
    await Promise.all([...pids].map((pid) => gone(pid)));
    assert.ok(pids.size >= 6, 'three at the start, one after the kill, two after the reload');
    assert.ok(!existsSync(join(folder.path, '.mainstay/run/agent.sock')));
    const { code, stderr } = await mainstay(folder.path, ['ps', '--socket', '.mainstay/run/agent.sock']);
    assert.notEqual(code, 0);
    assert.match(stderr, /No agent listens/);
  });
});

/** Each over a connection of its own. */
async function statusOf(port: number): Promise<number | undefined> {
  const { promise, resolve, reject } = Promise.withResolvers<number | undefined>();
  get({ port, host: '127.0.0.1', path: '/healthz', agent: false }, (response) => {
    response.resume().once('end', () => resolve(response.statusCode));
    response.once('error', reject);
  }).once('error', reject);
  return promise;
}
