import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { appendFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { startService, type RunningService } from './service.ts';

const order = { customer: 'Ada', lines: [{ sku: 'bolt', quantity: 3 }] };

interface Page {
  readonly total: number;
  readonly orders: ReadonlyArray<{ readonly id: string }>;
}

describe('orders-api', () => {
  let data: string;
  let service: RunningService | undefined;
  let isMounted = false;

  beforeEach(() => {
    data = mkdtempSync(join(tmpdir(), 'orders-api-'));
  });
  afterEach(async () => {
    if (service?.child.exitCode === null && service.child.signalCode === null) await service.stop('SIGKILL');
    service = undefined;
    if (isMounted) spawnSync('umount', [data]);
    isMounted = false;
    rmSync(data, { recursive: true, force: true });
  });

  const start = async (env?: NodeJS.ProcessEnv): Promise<RunningService> =>
    (service = await startService(data, env));

  function idsOnDisk(): Set<string> {
    const texts = readdirSync(data).map((name) => readFileSync(join(data, name), 'utf8'));
    const lines = texts.flatMap((text) => text.split('\n').slice(0, -1));
    return new Set(lines.map((line) => (JSON.parse(line) as { id: string }).id));
  }

  it('accepts, lists, waits, computes, and stops', async () => {
    const { url, stop } = await start();
    const accepted = await post(url, order);
    assert.equal(accepted.status, 201);
    const { id } = (await accepted.json()) as { id: string };
    assert.deepEqual([...idsOnDisk()], [id]);
    const page = await list(url);
    assert.equal(page.total, 1);
    assert.deepEqual(
      page.orders.map((one) => one.id),
      [id],
    );
    const health = await fetch(`${url}/healthz`);
    assert.equal(health.status, 200);
    assert.equal(((await health.json()) as { state: string }).state, 'ok');
    assert.deepEqual(await (await fetch(`${url}/primes/1000`)).json(), { limit: 1000, primes: 168 });
    // A stop answers what is under way.
    const slow = fetch(`${url}/slow?ms=300`);
    await fetch(`${url}/healthz`);
    const [answer, code] = await Promise.all([slow.then((response) => response.json()), stop()]);
    assert.deepEqual(answer, { sleptMs: 300 });
    assert.equal(code, 0);
  });

  it('answers bad requests with problem documents', async () => {
    const { url } = await start();
    const cases: ReadonlyArray<readonly [number, Promise<Response>]> = [
      [400, post(url, '{"customer":')],
      [413, post(url, { ...order, customer: 'x'.repeat(70_000) })],
      [415, post(url, 'customer=Ada', 'text/plain')],
      [422, post(url, { customer: '', lines: [{ sku: 'x', quantity: 1.5 }], extra: 1 })],
      [400, fetch(`${url}/orders?limit=0`)],
      [400, fetch(`${url}/slow?ms=-1`)],
      [400, fetch(`${url}/primes/many`)],
      [404, fetch(`${url}/nothing`)],
      [405, fetch(`${url}/orders`, { method: 'DELETE' })],
    ];
    for (const [status, asked] of cases) {
      const response = await asked;
      assert.equal(response.status, status, response.url);
      assert.equal(response.headers.get('content-type'), 'application/problem+json');
      const problem = (await response.json()) as {
        status: number;
        errors?: Array<{ pointer: string; detail: string }>;
      };
      assert.equal(problem.status, status);
      if (status === 422) {
        assert.ok(problem.errors?.some(({ pointer }) => pointer === '/lines/0/quantity'));
        assert.ok(
          problem.errors?.some(({ detail }) => /expected|too small/i.test(detail)),
          'says what is wrong',
        );
      }
    }
    assert.equal((await list(url)).total, 0);
  });

  it('has every acknowledged order after kill -9 under load', async () => {
    const acknowledged = new Set<string>();
    for (let round = 0; round < 3; round += 1) {
      const { url, stop } = await start();
      const goal = acknowledged.size + 150;
      let isKilled = false;
      const loaded = load(url, acknowledged, () => isKilled);
      while (acknowledged.size < goal) await new Promise((resolve) => setTimeout(resolve, 1));
      await stop('SIGKILL');
      isKilled = true;
      await loaded;
      // What a kill in the middle of a write leaves behind.
      appendFileSync(join(data, 'orders-0.jsonl'), '{"id":"torn","acceptedAt":"2026');
    }
    const { url, line } = await start();
    const repaired = await line(({ msg }) => msg.startsWith('Cut off a line'));
    assert.ok(Number(repaired['repairedBytes']) > 0);
    const onDisk = idsOnDisk();
    assert.deepEqual(
      [...acknowledged].filter((id) => !onDisk.has(id)),
      [],
    );
    assert.equal((await list(url)).total, onDisk.size);
  });

  it('does not start over a journal that holds something else', async () => {
    writeFileSync(join(data, 'orders-0.jsonl'), '{"id":"a"}\n');
    await assert.rejects(startService(data), /orders-0\.jsonl holds something that is no order at byte 0/);
  });

  const isRoot = process.platform === 'linux' && process.getuid?.() === 0;
  it(
    'loses nothing when the disk is full, and goes on when there is room',
    { skip: !isRoot && 'needs to mount' },
    async () => {
      const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', data], {
        encoding: 'utf8',
      });
      assert.equal(mounted.status, 0, mounted.stderr);
      isMounted = true;
      const ballast = join(data, 'ballast');
      writeFileSync(ballast, Buffer.alloc(32 * 1024));
      const { url } = await start();
      const acknowledged = new Set<string>();
      let full: Response | undefined;
      while (!full) {
        const response = await post(url, { ...order, customer: 'x'.repeat(150) });
        if (response.status === 201) acknowledged.add(((await response.json()) as { id: string }).id);
        else full = response;
      }
      assert.equal(full.status, 507);
      assert.equal((await list(url)).total, acknowledged.size);
      rmSync(ballast);
      const again = await post(url, order);
      assert.equal(again.status, 201);
      acknowledged.add(((await again.json()) as { id: string }).id);
      assert.deepEqual(idsOnDisk(), acknowledged);
    },
  );

  it('shares a port between instances, each with its journal, and replaces one that is killed', async () => {
    const { url, line, lines, stop } = await start({ INSTANCES: '2' });
    const acknowledged = new Set<string>();
    await load(url, acknowledged, () => acknowledged.size >= 100);
    assert.deepEqual(readdirSync(data).sort(), ['orders-0.jsonl', 'orders-1.jsonl']);
    assert.deepEqual(idsOnDisk(), acknowledged);
    assert.equal((await list(url)).total, acknowledged.size);

    const victim = lines.find(
      ({ msg, hostKind }) => msg === 'Service is starting' && hostKind === 'supervisor',
    );
    assert.ok(victim);
    process.kill(victim.pid, 'SIGKILL');
    const ended = await line(({ msg }) => msg.startsWith('Instance has ended'));
    assert.deepEqual([ended['childPid'], ended['signal']], [victim.pid, 'SIGKILL']);
    await line(
      ({ msg, pid, instance }) =>
        msg === 'Service is up' &&
        instance === victim['instance'] &&
        pid !== victim.pid &&
        pid !== service?.child.pid,
    );
    assert.equal((await list(url)).total, acknowledged.size);
    assert.equal(await stop(), 0);
  });
});

const post = (url: string, body: unknown, type = 'application/json'): Promise<Response> =>
  fetch(`${url}/orders`, {
    method: 'POST',
    headers: { 'content-type': type },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });

const list = async (url: string): Promise<Page> => (await (await fetch(`${url}/orders`)).json()) as Page;

/** Posts from many clients until `until`, and returns the ids that were acknowledged. */
async function load(url: string, acknowledged: Set<string>, until: () => boolean): Promise<void> {
  const client = async (): Promise<void> => {
    while (!until()) {
      try {
        const response = await post(url, order);
        const body = (await response.json()) as { id: string };
        if (response.status === 201) acknowledged.add(body.id);
      } catch {
        // The process was killed; what it did not acknowledge is not its promise.
      }
    }
  };
  await Promise.all(Array.from({ length: 16 }, client));
}
