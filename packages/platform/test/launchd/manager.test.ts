import assert from 'node:assert/strict';
import { appendFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { ServiceSpec } from '@mainstay/core';
import { createLaunchdManager } from '../../src/launchd/manager.ts';
import type { LaunchdPaths } from '../../src/launchd/paths.ts';
import { managerContract } from '../manager-contract.ts';
import { FakeLaunchd } from './fake-launchd.ts';

function setUp(uid = 0) {
  const root = mkdtempSync(join(tmpdir(), 'launchd-'));
  const paths: LaunchdPaths = {
    jobs: join(root, 'LaunchDaemons'),
    directoriesFor: (name) => ({
      state: join(root, 's', name),
      logs: join(root, 'l', name),
      config: join(root, 'c', name),
    }),
  };
  const launchd = new FakeLaunchd();
  const manager = createLaunchdManager({ scope: 'system', run: launchd.run, paths, uid });
  const spec = (change: Partial<ServiceSpec> & { readonly name: string }): ServiceSpec => ({
    displayName: change.name,
    description: '',
    executable: '/usr/local/bin/works',
    args: ['run'],
    scope: 'system',
    account: { type: 'virtual' },
    environment: { DESCRIPTION: change.description ?? '' },
    dependencies: [],
    autoStart: true,
    delayedStart: true,
    recovery: { restart: 'on-failure', delayMs: 1_000, maxRestarts: 5, windowMs: 60_000 },
    startTimeoutMs: 30_000,
    stopTimeoutMs: 10_000,
    preshutdownTimeoutMs: 10_000,
    watchdogMs: 0,
    directories: paths.directoriesFor(change.name),
    ...change,
  });
  return { root, paths, launchd, manager, spec };
}

const skip = process.platform === 'win32' && 'Unix sockets only';

// Only the fake: the real launchd needs macOS.
if (!skip) {
  managerContract('launchd (fake)', async () => {
    const { root, paths, manager, spec } = setUp();
    return {
      manager,
      spec,
      failingSpec: (name) => spec({ name, executable: '/usr/local/bin/fails' }),
      drift: async (name) => appendFileSync(join(paths.jobs, `mainstay.${name}.plist`), '<!-- edited -->\n'),
      logLine: 'Service is up',
      supports: { pause: true, reload: true, customControl: 200, directories: true },
      dispose: async () => rmSync(root, { recursive: true, force: true }),
    };
  });
}

async function withoutLaunchctl(): Promise<never> {
  throw Object.assign(new Error('spawn launchctl ENOENT'), { code: 'ENOENT' });
}

describe('launchd manager', { skip }, () => {
  it('uses the commands that launchctl(1) documents, in their order', async () => {
    const { root, manager, launchd, spec } = setUp();
    try {
      await manager.install(spec({ name: 'orders', autoStart: false }));
      await manager.act('orders', 'start', { timeoutMs: 5_000 });
      await manager.uninstall('orders', { purge: true, timeoutMs: 5_000 });
      const changing = launchd.commands.filter((command) => /^(?:launchctl (?!print)|chown)/.test(command));
      assert.deepEqual(changing, [
        `chown _orders ${root}/s/orders`,
        `chown _orders ${root}/l/orders`,
        'launchctl disable system/mainstay.orders',
        // A job that does not start with the machine is enabled for as long as loading it takes.
        'launchctl enable system/mainstay.orders',
        `launchctl bootstrap system ${root}/LaunchDaemons/mainstay.orders.plist`,
        'launchctl disable system/mainstay.orders',
        'launchctl bootout system/mainstay.orders',
      ]);
      // 200 is taken by another role account.
      assert.ok(launchd.commands.includes('dscl . -create /Users/_orders UniqueID 201'));
    } finally {
      rmSync(root, { recursive: true });
    }
  });

  it('removes the account that it made, with a purge only', async () => {
    const { root, manager, launchd, spec } = setUp();
    const account = { what: 'account _orders', before: 'a role account without password', after: undefined };
    const lists = async (purge: boolean): Promise<boolean> =>
      (await manager.planUninstall('orders', { purge })).changes.some(({ what }) => what === account.what);
    try {
      await manager.install(spec({ name: 'orders' }));
      assert.equal(await lists(false), false);
      await manager.uninstall('orders', { purge: false, timeoutMs: 5_000 });
      assert.ok(launchd.users.has('_orders'), 'it owns the data that is kept');
      assert.ok(await lists(true));
      const { changes } = await manager.uninstall('orders', { purge: true, timeoutMs: 5_000 });
      assert.deepEqual(changes.at(-1), account);
      assert.equal(launchd.users.has('_orders'), false);
      assert.deepEqual(
        launchd.commands.filter((command) => command.includes('-delete')),
        ['dscl . -delete /Users/_orders', 'dscl . -delete /Groups/_orders'],
      );
      assert.equal(await lists(true), false);
    } finally {
      rmSync(root, { recursive: true });
    }
  });

  it('never removes an account that it did not make, whatever its name', async () => {
    for (const comment of ['', 'Account of another, made by its install']) {
      const { root, manager, launchd, spec } = setUp();
      launchd.users.set('_orders', comment);
      try {
        await manager.install(spec({ name: 'orders', account: { type: 'named', name: '_orders' } }));
        await manager.uninstall('orders', { purge: true, timeoutMs: 5_000 });
        assert.equal(launchd.users.get('_orders'), comment);
        assert.equal(
          launchd.commands.some((command) => command.includes('-delete')),
          false,
        );
      } finally {
        rmSync(root, { recursive: true });
      }
    }
  });

  it('refuses who is not root before anything is changed', async () => {
    const { root, manager, launchd, spec } = setUp(501);
    try {
      await assert.rejects(manager.install(spec({ name: 'orders' })), {
        code: 'MANAGER_NO_PRIVILEGE',
        exitCode: 4,
      });
      assert.equal(
        launchd.commands.some((command) => /create|enable /.test(command)),
        false,
      );
    } finally {
      rmSync(root, { recursive: true });
    }
  });

  it('says that there is no launchd where there is none', async () => {
    const { root, paths } = setUp();
    const manager = createLaunchdManager({ scope: 'system', paths, run: withoutLaunchctl, uid: 0 });
    await assert.rejects(manager.query('orders'), { code: 'MANAGER_UNAVAILABLE' });
    rmSync(root, { recursive: true });
  });

  it('reads the last lines of a log, and what is added', async () => {
    const { root, manager, spec } = setUp();
    try {
      await manager.install(spec({ name: 'orders' }));
      const file = join(root, 'l', 'orders', 'orders.log');
      appendFileSync(file, Array.from({ length: 20_000 }, (_, index) => `line ${index}\n`).join(''));
      const abort = new AbortController();
      const lines: string[] = [];
      for await (const line of manager.logs('orders', { lines: 2, follow: true, signal: abort.signal })) {
        lines.push(line);
        if (lines.length === 2) appendFileSync(file, 'added\n');
        if (line === 'added') abort.abort();
      }
      assert.deepEqual(lines, ['line 19998', 'line 19999', 'added']);
      assert.ok(readFileSync(file).length > 64 * 1024, 'more than one chunk');
    } finally {
      rmSync(root, { recursive: true });
    }
  });
});
