import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { ServiceSpec } from '@mainstay/core';
import type { CommandResult, CommandRunner } from '../../src/command/run-command.ts';
import { checkExecutable, type ExecutableFacts } from '../../src/systemd/executable-access.ts';
import { createSystemdManager } from '../../src/systemd/manager.ts';
import { systemdPaths } from '../../src/systemd/paths.ts';
import { renderUnit } from '../../src/systemd/unit.ts';
import { verifyUnit } from '../../src/systemd/verify.ts';
import { programOf } from '../program-settings.ts';

const answer = (change: Partial<CommandResult>): (() => Promise<CommandResult>) => {
  return async () => ({ code: 0, signal: undefined, stdout: '', stderr: '', ...change });
};
const isBooted = (): boolean => true;
const spec: ServiceSpec = {
  name: 'orders',
  displayName: 'Orders',
  description: '',
  executable: process.execPath,
  args: ['run'],
  scope: 'system',
  account: { type: 'virtual' },
  environment: {},
  dependencies: [],
  autoStart: true,
  delayedStart: true,
  recovery: { restart: 'always', delayMs: 1_000, maxRestarts: 5, windowMs: 60_000 },
  startTimeoutMs: 90_000,
  stopTimeoutMs: 25_000,
  preshutdownTimeoutMs: 25_000,
  watchdogMs: 30_000,
  directories: systemdPaths('system').directoriesFor('orders'),
};

describe('systemd manager', () => {
  it('says what to do where no systemd runs', async () => {
    const manager = createSystemdManager({ scope: 'system', isBooted: () => false, run: answer({}) });
    await assert.rejects(manager.query('orders'), {
      code: 'MANAGER_UNAVAILABLE',
      message: /use `run` to run the service in the foreground/,
    });
  });

  it('plans from the files where no systemd runs, and refuses to act', async () => {
    const root = await mkdtemp(join(tmpdir(), 'units-'));
    const run: CommandRunner = async (file) => assert.fail(`${file} was run`);
    const paths = { ...systemdPaths('system'), units: root };
    const manager = createSystemdManager({ scope: 'system', isBooted: () => false, run, paths, uid: 0 });
    const unit = join(root, 'orders.service');
    try {
      const fresh = await manager.plan(spec);
      assert.deepEqual(fresh.changes, [
        { what: unit, before: undefined, after: renderUnit(spec) },
        { what: 'start with the machine', before: undefined, after: 'enabled' },
      ]);
      assert.match(fresh.notes.join('\n'), /No systemd to talk to: systemd does not run here/);
      await assert.rejects(manager.install(spec), { code: 'MANAGER_UNAVAILABLE' });
      assert.deepEqual(await readdir(root), []);

      await writeFile(unit, renderUnit(spec));
      await mkdir(join(root, 'multi-user.target.wants'));
      await symlink(unit, join(root, 'multi-user.target.wants', 'orders.service'));
      assert.deepEqual((await manager.plan(spec)).changes, []);
      const edited = { ...spec, description: 'Takes orders' };
      assert.deepEqual((await manager.plan(edited)).changes, [
        { what: unit, before: renderUnit(spec), after: renderUnit(edited) },
      ]);
      const removed = await manager.planUninstall('orders', { purge: false });
      assert.deepEqual(
        removed.changes.map(({ what }) => what),
        [unit, 'start with the machine'],
      );
      assert.equal(removed.notes.length, 1);
      await assert.rejects(manager.uninstall('orders', { purge: true, timeoutMs: 1 }), {
        code: 'MANAGER_UNAVAILABLE',
      });
      assert.equal(await readFile(unit, 'utf8'), renderUnit(spec));
    } finally {
      await rm(root, { recursive: true });
    }
  });

  it('finds the units of an owner, and no others', async () => {
    const root = await mkdtemp(join(tmpdir(), 'units-'));
    const paths = { ...systemdPaths('system'), units: root };
    const manager = createSystemdManager({ scope: 'system', isBooted, run: answer({}), paths });
    const write = (name: string, owner: string) =>
      writeFile(join(root, `${name}.service`), renderUnit({ ...spec, name, program: programOf({ owner }) }));
    try {
      await write('b', '/var/lib/my agent%');
      await write('a', '/var/lib/my agent%');
      await write('c', '/var/lib/other');
      await writeFile(join(root, 'orders.service'), renderUnit(spec));
      await writeFile(join(root, 'd.service'), '[Service]\nExecStart=/bin/true\n');
      await symlink('/dev/null', join(root, 'masked.service'));
      await symlink('/no/such/unit', join(root, 'broken.service'));
      assert.deepEqual(await manager.list?.('/var/lib/my agent%'), ['a', 'b']);
      assert.deepEqual(
        await createSystemdManager({ scope: 'system', paths: { ...paths, units: '/no/such' } }).list?.('x'),
        [],
      );
    } finally {
      await rm(root, { recursive: true });
    }
  });

  it('asks for several services at once', async () => {
    const asked: string[][] = [];
    const run: CommandRunner = async (_file, args) => {
      asked.push([...args]);
      return {
        code: 0,
        signal: undefined,
        stderr: '',
        stdout: 'LoadState=loaded\nMainPID=5\nActiveState=active\n\nLoadState=not-found\n',
      };
    };
    const manager = createSystemdManager({ scope: 'system', isBooted, run });
    const infos = await manager.queryAll?.(['a', 'b']);
    assert.deepEqual(
      infos?.map(({ name, state, pid }) => [name, state, pid]),
      [
        ['a', 'running', 5],
        ['b', 'not-installed', undefined],
      ],
    );
    assert.equal(asked.length, 1);
    assert.deepEqual(await manager.queryAll?.([]), []);
  });

  it('tells the failures of systemctl apart', async () => {
    const failures: ReadonlyArray<readonly [Partial<CommandResult>, string]> = [
      [{ code: 1, stderr: 'Failed to connect to bus: No medium found' }, 'MANAGER_UNAVAILABLE'],
      [{ code: 1, stderr: 'Failed to start x.service: Access denied' }, 'MANAGER_NO_PRIVILEGE'],
      [{ code: 4, stderr: 'Interactive authentication required.' }, 'MANAGER_NO_PRIVILEGE'],
      [{ code: 1, stderr: 'Something else' }, 'MANAGER_COMMAND_FAILED'],
    ];
    for (const [result, code] of failures) {
      const manager = createSystemdManager({ scope: 'user', isBooted, run: answer(result) });
      await assert.rejects(manager.query('orders'), { code });
    }
  });

  it('never hands a name on that is none', async () => {
    const manager = createSystemdManager({ scope: 'system', isBooted, run: answer({}) });
    await assert.rejects(manager.query('--help'), { code: 'MANAGER_INVALID_SPEC' });
    await assert.rejects(manager.uninstall('../x', { purge: true, timeoutMs: 1 }), {
      code: 'MANAGER_INVALID_SPEC',
    });
  });

  it('keeps the things of a user where the XDG specification says', () => {
    const paths = systemdPaths('user', {
      HOME: '/h',
      XDG_STATE_HOME: '/state',
      XDG_RUNTIME_DIR: '/run/user/5',
    });
    assert.equal(paths.units, '/h/.config/systemd/user');
    assert.equal(paths.runtime, '/run/user/5');
    assert.deepEqual(paths.directoriesFor('x'), {
      state: '/state/x',
      logs: '/state/log/x',
      config: '/h/.config/x',
    });
  });
});

describe('the verification of a unit', () => {
  it('counts what is said about the unit, whatever the exit code', async () => {
    const complains = verifyUnit('x.service', 'text', 'system', async (_file, args) => ({
      ...(await answer({})()),
      stderr: `${args.at(-1)}:3: Unknown key name 'Foo' in section 'Service', ignoring.\nother.service: x\n`,
    }));
    await assert.rejects(complains, {
      code: 'MANAGER_DEFINITION_REJECTED',
      message: /\nx\.service:3: Unknown key name 'Foo' in section 'Service', ignoring\.$/,
    });
    await verifyUnit('x.service', 'text', 'system', answer({ stderr: 'other.service: broken\n', code: 1 }));
  });

  it('is left out where systemd-analyze is not installed', async () => {
    await verifyUnit('x.service', 'text', 'system', async () => {
      throw Object.assign(new Error('spawn systemd-analyze ENOENT'), { code: 'ENOENT' });
    });
  });
});

const facts = (modes: Readonly<Record<string, number>>, mounts = ''): ExecutableFacts => ({
  mode: async (path) => modes[path] ?? 0o755,
  mounts: async () => mounts,
});
const check = (executable: string, given: ExecutableFacts, change = {}): Promise<void> =>
  checkExecutable({ executable, scope: 'system', account: { type: 'virtual' }, ...change }, given);
const refused = (message: RegExp) => ({ code: 'MANAGER_EXECUTABLE_UNREACHABLE', message });

describe('whether an account can run a program', () => {
  it('is yes for a program that everybody can run', async () => {
    await check('/opt/orders', facts({}, 'a / ext4 rw 0 0\nb /tmp tmpfs rw,noexec 0 0'));
  });

  it('names what is in the way', async () => {
    await assert.rejects(check('/home/me/orders', facts({})), refused(/\/home is hidden/));
    await assert.rejects(
      check('/opt/a/orders', facts({ '/opt/a': 0o750 })),
      refused(/directory \/opt\/a is closed/),
    );
    await assert.rejects(
      check('/opt/orders', facts({ '/opt/orders': 0o750 })),
      refused(/only its owner or group/),
    );
    await assert.rejects(check('/opt/orders', facts({ '/opt/orders': 0o644 })), refused(/not executable/));
    const mounts = 'a / ext4 rw 0 0\nb /data\\040x ext4 rw,noexec 0 0';
    await assert.rejects(check('/data x/orders', facts({}, mounts)), refused(/\/data x is mounted noexec/));
    const directory = await mkdtemp(join(tmpdir(), 'none-'));
    await rm(directory, { recursive: true });
    await assert.rejects(
      checkExecutable({ executable: join(directory, 'x'), scope: 'user', account: { type: 'virtual' } }),
      refused(/ENOENT/),
    );
  });

  it('leaves the rights of a named account and of a user to themselves', async () => {
    const closed = facts({ '/opt/a': 0o700 });
    await check('/opt/a/orders', closed, { account: { type: 'named', name: 'orders' } });
    await check('/home/me/orders', closed, { scope: 'user' });
  });
});
