// Run in the machine by manager.test.ts: a service as `install` makes it, through everything that happens to one.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { after, describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import type { ServiceInfo, ServiceSpec } from '@mainstay/core';
import { createManager } from '@mainstay/platform';
import { fixtureSpec, journalOf, openGate, removePlans, type FixturePlan } from './services.ts';
import { journal, property, systemctl, until } from './systemctl.ts';

const manager = await createManager({ scope: 'system' });
const timeoutMs = 60_000;
let count = 0;

/** Installs a service, runs the test, and removes it again with all it has. */
async function withService(
  plan: FixturePlan,
  change: Partial<ServiceSpec>,
  body: (name: string, spec: ServiceSpec) => Promise<void>,
): Promise<void> {
  count += 1;
  const name = `suite-${count}`;
  const spec = fixtureSpec(manager, name, plan, change);
  try {
    await manager.install(spec);
    await body(name, spec);
  } finally {
    await manager.uninstall(name, { purge: true, timeoutMs });
  }
}

function dropIn(name: string, content: string): () => void {
  const directory = `/etc/systemd/system/${name}.service.d`;
  mkdirSync(directory, { recursive: true });
  writeFileSync(`${directory}/50-local.conf`, content);
  return () => rmSync(directory, { recursive: true, force: true });
}

after(() => removePlans());

describe('an installed service', () => {
  it('is as closed as Node allows', async () => {
    await withService({}, {}, async (name) => {
      const unit = `/etc/systemd/system/${name}.service`;
      const verified = spawnSync('systemd-analyze', ['verify', '--man=no', unit], { encoding: 'utf8' });
      assert.equal(verified.stderr, '');
      // 1.3 with systemd 252; what remains is the network, netlink, /proc and memory that V8 writes and executes.
      const rated = spawnSync(
        'systemd-analyze',
        ['security', '--offline=true', '--threshold=15', '--no-pager', unit],
        { encoding: 'utf8' },
      );
      assert.equal(rated.status, 0, rated.stdout);
      await manager.act(name, 'start', { timeoutMs });
      const status = readFileSync(`/proc/${await property(name, 'MainPID')}/status`, 'utf8');
      const field = (key: string): string => new RegExp(`^${key}:\\s*(\\S+)`, 'm').exec(status)?.[1] ?? '';
      const uid = Number(field('Uid'));
      assert.ok(uid >= 61_184 && uid <= 65_519, `user ${uid}`);
      assert.equal(BigInt(`0x${field('CapBnd')}`), 0n);
      assert.equal(field('NoNewPrivs'), '1');
      assert.equal(field('Seccomp'), '2');
    });
  });

  it('is started only when it says so, and shows what it is at', async () => {
    await withService({ start: [{ status: 'Reading 7 orders' }, { wait: 'go' }] }, {}, async (name) => {
      const seen: ServiceInfo[] = [];
      let isDone = false;
      const started = manager
        .act(name, 'start', { timeoutMs, onProgress: (info) => seen.push(info) })
        .finally(() => (isDone = true));
      await until('progress', () => seen.some((info) => info.text === 'Reading 7 orders'));
      assert.equal(isDone, false);
      assert.equal(seen.at(-1)?.state, 'start-pending');
      openGate(manager, name, 'go');
      assert.equal((await started).state, 'running');
      assert.match(await systemctl('status', name), /Status: "Running: Reading 7 orders"/);
    });
  });

  it('gets more time for its start by a checkpoint', async () => {
    await withService({ start: [{ checkpoint: 30_000 }, { wait: 'go' }] }, {}, async (name) => {
      const remove = dropIn(name, '[Service]\nTimeoutStartSec=2s\n');
      try {
        await systemctl('daemon-reload');
        const started = manager.act(name, 'start', { timeoutMs });
        await delay(4_000);
        openGate(manager, name, 'go');
        assert.equal((await started).state, 'running');
      } finally {
        remove();
      }
    });
  });

  it('is restarted when its event loop is blocked, and only then', async () => {
    const plan = { background: [{ wait: 'block' }, { block: 20_000 }] };
    await withService(plan, { watchdogMs: 1_500 }, async (name) => {
      const { pid } = await manager.act(name, 'start', { timeoutMs });
      await delay(4_000);
      assert.equal((await manager.query(name)).pid, pid, 'fed in time');
      openGate(manager, name, 'block');
      await until('a restart', async () => Number(await property(name, 'NRestarts')) > 0);
      assert.match(await journal(name), /Watchdog timeout[\s\S]*result 'watchdog'/);
    });
  });

  it('is restarted after a crash, until that happens too often; a start by hand begins anew', async () => {
    const recovery = { restart: 'on-failure', delayMs: 50, maxRestarts: 2, windowMs: 60_000 } as const;
    const plan = { background: [{ wait: 'crash' }, { crash: 'exception' as const }] };
    await withService(plan, { recovery }, async (name) => {
      await manager.act(name, 'start', { timeoutMs });
      openGate(manager, name, 'crash');
      await until('the end of all tries', async () => (await manager.query(name)).state === 'failed');
      const info = await manager.query(name);
      // One more than was made: systemd counts the one that it refused.
      assert.equal(info.restarts, 3);
      assert.equal(journalOf(manager, name).filter(({ event }) => event === 'start').length, 3);
      assert.equal(info.exitCode, 70);
      assert.match(await journal(name), /Start request repeated too quickly/);
      rmSync(`/var/lib/${name}/gates`, { recursive: true });
      assert.equal((await manager.act(name, 'start', { timeoutMs })).state, 'running');
    });
  });

  it('is not restarted when its configuration is wrong', async () => {
    const recovery = { restart: 'always', delayMs: 50, maxRestarts: 5, windowMs: 60_000 } as const;
    await withService({}, { recovery }, async (name, spec) => {
      await manager.install({ ...spec, args: [...spec.args.slice(0, -1), '/opt/no-such-plan.json'] });
      await assert.rejects(manager.act(name, 'start', { timeoutMs }), { code: 'MANAGER_START_FAILED' });
      const info = await manager.query(name);
      assert.deepEqual([info.state, info.exitCode, info.restarts], ['failed', 6, 0]);
    });
  });

  it('shows a reload while it runs, by whatever way it was asked for', async () => {
    await withService({ reload: [{ wait: 'go' }] }, {}, async (name) => {
      await manager.act(name, 'start', { timeoutMs });
      const reloaded = systemctl('reload', name);
      await until('reloading', async () => (await property(name, 'ActiveState')) === 'reloading');
      openGate(manager, name, 'go');
      await reloaded;
      assert.equal(await property(name, 'ActiveState'), 'active');
      await manager.act(name, 'reload', { timeoutMs });
      assert.equal(journalOf(manager, name).filter(({ event }) => event === 'reload-end').length, 2);
    });
  });

  it('says no to what it has no handler for', async () => {
    await withService({}, {}, async (name) => {
      await manager.act(name, 'start', { timeoutMs });
      for (const action of ['pause', 'continue', 'reload'] as const) {
        await assert.rejects(manager.act(name, action, { timeoutMs }), { code: 'MANAGER_CONTROL_REFUSED' });
      }
      await manager.act(name, 'stop', { timeoutMs });
      await assert.rejects(manager.act(name, 'pause', { timeoutMs }), { code: 'MANAGER_NOT_RUNNING' });
    });
  });

  it('is told apart from one that stopped cleanly when it had to be forced', async () => {
    await withService({ stop: [{ hang: true }], limits: { stopTimeoutMs: 500 } }, {}, async (name) => {
      await manager.act(name, 'start', { timeoutMs });
      await assert.rejects(manager.act(name, 'stop', { timeoutMs }), {
        code: 'MANAGER_STOP_FAILED',
        message: /exit code 124/,
      });
    });
  });

  it('ends a wait that takes too long, and goes on by itself', async () => {
    await withService({ start: [{ wait: 'go' }] }, {}, async (name) => {
      await assert.rejects(manager.act(name, 'start', { timeoutMs: 700 }), { code: 'MANAGER_TIMEOUT' });
      openGate(manager, name, 'go');
      await until('running', async () => (await manager.query(name)).state === 'running');
    });
  });

  it('keeps its name and its log when it is followed', async () => {
    await withService({}, {}, async (name) => {
      await manager.act(name, 'start', { timeoutMs });
      const abort = new AbortController();
      const lines: string[] = [];
      for await (const line of manager.logs(name, { lines: 100, follow: true, signal: abort.signal })) {
        lines.push(line);
        if (lines.length === 1) void manager.act(name, 'stop', { timeoutMs });
        if (line.includes('systemd: Stopped')) abort.abort();
      }
      assert.ok(
        lines.some((line) => line.startsWith('{') && line.includes('Service is up')),
        lines.join('\n'),
      );
    });
  });
});

const ask = async (): Promise<Record<string, unknown>> =>
  JSON.parse(await text(connect(9099, '127.0.0.1'))) as Record<string, unknown>;

describe('descriptors', () => {
  it('are passed to a service that is started by its socket, and kept for the next run until they are forgotten', async () => {
    const name = 'descriptors';
    const spec = fixtureSpec(manager, name, {});
    const main =
      spec.args[0]?.replace('conformance/fixture-main.ts', 'systemd/inside/descriptor-main.ts') ?? '';
    writeFileSync(
      `/run/systemd/system/${name}.socket`,
      '[Socket]\nListenStream=127.0.0.1:9099\nFileDescriptorName=http\n',
    );
    try {
      await manager.install({ ...spec, args: [main, 'run'] });
      await systemctl('start', `${name}.socket`);
      assert.equal((await manager.query(name)).state, 'stopped');
      const first = await ask();
      const passed = { fd: 3, name: 'http' };
      assert.partialDeepStrictEqual(first, { count: 1, isStored: true, passed, inherited: [] });
      assert.equal(await property(name, 'NFileDescriptorStore'), '1');
      await manager.act(name, 'restart', { timeoutMs });
      const second = await ask();
      assert.equal(second['count'], 2);
      assert.notEqual(second['pid'], first['pid']);
      // The fixture forgets its count at a reload.
      await manager.act(name, 'reload', { timeoutMs });
      await manager.act(name, 'restart', { timeoutMs });
      assert.equal((await ask())['count'], 1);
    } finally {
      await systemctl('stop', `${name}.socket`);
      rmSync(`/run/systemd/system/${name}.socket`);
      await manager.uninstall(name, { purge: true, timeoutMs });
    }
  });
});

describe('an installation', () => {
  it("keeps the administrator's drop-ins, and says what they override", async () => {
    await withService({}, {}, async (name, spec) => {
      const remove = dropIn(name, '[Service]\nNice=5\nMemoryMax=200M\n');
      try {
        await systemctl('daemon-reload');
        const plan = await manager.install(spec);
        assert.deepEqual(plan.changes, []);
        assert.match(
          plan.notes.join(),
          new RegExp(`Kept: .*${name}.service.d/50-local.conf sets Nice, MemoryMax`),
        );
        assert.equal(await property(name, 'Nice'), '5');
      } finally {
        remove();
      }
    });
  });

  it('repairs what was disabled or edited, and wants a restart for the second', async () => {
    await withService({}, {}, async (name, spec) => {
      await manager.act(name, 'start', { timeoutMs });
      await systemctl('disable', '--quiet', name);
      const disabled = await manager.install(spec);
      assert.deepEqual(
        disabled.changes.map(({ before, after }) => [before, after]),
        [['disabled', 'enabled']],
      );
      assert.equal(disabled.needsRestart, false);
      const path = `/etc/systemd/system/${name}.service`;
      const original = readFileSync(path, 'utf8');
      writeFileSync(path, original.replace('NoNewPrivileges=yes', 'NoNewPrivileges=no'));
      assert.equal((await manager.install(spec)).needsRestart, true);
      assert.equal(readFileSync(path, 'utf8'), original);
    });
  });

  it('leaves services of others alone', async () => {
    const spec = fixtureSpec(manager, 'systemd-journald', {});
    await assert.rejects(manager.install(spec), { code: 'MANAGER_NAME_TAKEN' });
    await assert.rejects(manager.uninstall('systemd-journald', { purge: true, timeoutMs }), {
      code: 'MANAGER_NAME_TAKEN',
    });
    const user = fixtureSpec(manager, 'daemon', {});
    await assert.rejects(manager.install(user), { code: 'MANAGER_NAME_TAKEN' });
    await systemctl('mask', '--quiet', 'masked-by-hand');
    await assert.rejects(manager.install(fixtureSpec(manager, 'masked-by-hand')), { code: 'MANAGER_MASKED' });
    await systemctl('unmask', '--quiet', 'masked-by-hand');
  });

  it('refuses a program that the account cannot run, before anything is changed', async () => {
    mkdirSync('/root/bin', { recursive: true });
    writeFileSync('/root/bin/hidden', '#!/bin/sh\n', { mode: 0o755 });
    const spec = fixtureSpec(manager, 'hidden', {}, { executable: '/root/bin/hidden' });
    await assert.rejects(manager.install(spec), {
      code: 'MANAGER_EXECUTABLE_UNREACHABLE',
      message: /\/root is hidden from services/,
    });
    assert.equal(existsSync('/etc/systemd/system/hidden.service'), false);
  });

  it('refuses who is not root, with exit code 4, and lets everybody look', async () => {
    await withService({ pause: [], resume: [] }, {}, async (name) => {
      await manager.act(name, 'start', { timeoutMs });
      const code = `
        import { createManager } from '@mainstay/platform';
        const manager = await createManager({ scope: 'system' });
        const say = async (promise) => console.log(await promise.then(() => 'done', (error) => error.code + ' ' + error.exitCode));
        console.log((await manager.query('${name}')).state);
        await say(manager.act('${name}', 'restart', { timeoutMs: 10000 }));
        await say(manager.act('${name}', 'pause', { timeoutMs: 10000 }));
        await say(manager.uninstall('${name}', { purge: false, timeoutMs: 10000 }));`;
      const { stdout, stderr } = spawnSync(
        'setpriv',
        [
          '--reuid=65534',
          '--regid=65534',
          '--clear-groups',
          process.execPath,
          '--input-type=module',
          '--eval',
          code,
        ],
        { encoding: 'utf8', cwd: '/opt/mainstay/packages/service' },
      );
      assert.deepEqual(
        stdout.trim().split('\n'),
        ['running', 'MANAGER_NO_PRIVILEGE 4', 'MANAGER_NO_PRIVILEGE 4', 'MANAGER_NO_PRIVILEGE 4'],
        stderr,
      );
    });
  });

  it('runs as a named account in directories of its choice', async () => {
    spawnSync('useradd', ['--system', 'orders']);
    const state = '/srv/named/state';
    mkdirSync(state, { recursive: true });
    spawnSync('chown', ['orders', state]);
    const account = { type: 'named', name: 'orders' } as const;
    count += 1;
    const name = `suite-${count}`;
    const spec = fixtureSpec(manager, name, {}, { account });
    const plan = JSON.parse(readFileSync(`/opt/plans/${name}.json`, 'utf8')) as Record<string, unknown>;
    writeFileSync(`/opt/plans/${name}.json`, JSON.stringify({ ...plan, journal: `${state}/journal` }));
    try {
      await manager.install({ ...spec, directories: { ...spec.directories, state } });
      await manager.act(name, 'start', { timeoutMs });
      assert.equal(await property(name, 'User'), 'orders');
      assert.match(readFileSync(`${state}/journal`, 'utf8'), /"event":"start-end"/);
    } finally {
      await manager.uninstall(name, { purge: true, timeoutMs });
    }
    // It is not named after the service, so it may be somebody else's as well.
    assert.ok(existsSync(state));
  });
});
