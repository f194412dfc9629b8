import assert from 'node:assert/strict';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { isAppError, type ServiceManager, type ServiceSpec } from '@mainstay/core';
import { managerContract, type ManagerHarness } from '../../packages/platform/test/manager-contract.ts';
import type { RegistryValue } from '../../packages/platform/src/windows/registry.ts';
import type { InstalledSettings } from '../../packages/platform/src/windows/differences.ts';
import { createWorkspace, patienceMs } from '../conformance/workspace.ts';
import type { ControlResult } from './driver/protocol.ts';
import { RemoteManager } from './remote-manager.ts';
import { ScmHarness } from './scm-harness.ts';

const timeoutMs = patienceMs;

async function contractHarness(): Promise<ManagerHarness> {
  const scm = await ScmHarness.create();
  const workspace = createWorkspace({ pause: [], resume: [], reload: [], custom: { 200: [] } });
  workspace.write((path) => scm.wine.toWindows(path));
  const failing = createWorkspace({ start: [{ fail: 'on purpose' }] });
  failing.write((path) => scm.wine.toWindows(path));
  const manager = new RemoteManager(scm);
  const spec = (plan: string, change: Partial<ServiceSpec> & { name: string }): ServiceSpec =>
    manager.toHere(
      scm.spec(change.name, ['run', '--config', scm.wine.toWindows(plan)], { autoStart: true, ...change }),
    );
  return {
    manager,
    spec: (change) => spec(workspace.planFile, change),
    failingSpec: (name) => spec(failing.planFile, { name }),
    drift: (name) => scm.driver.call('change', [name, { displayName: `Changed ${name}`, startType: 4 }]),
    logLine: 'Service is up',
    supports: { pause: true, reload: true, customControl: 200, directories: true },
    async dispose() {
      workspace.remove();
      failing.remove();
      await scm.close();
    },
  };
}

managerContract("Wine's service control manager", contractHarness);

describe("what Wine's SCM shows beyond the contract", () => {
  let scm: ScmHarness;
  let manager: ServiceManager;
  const name = 'beyond';
  const spec = (change: Partial<ServiceSpec> = {}) => scm.spec(name, ['run'], { autoStart: true, ...change });
  const settings = () => scm.driver.call<InstalledSettings>('settings', [name]);

  before(async () => {
    scm = await ScmHarness.create();
    manager = new RemoteManager(scm);
  });
  // Undefined when the harness could not be made.
  after(() => (scm as ScmHarness | undefined)?.close());

  const installed = (title: string, body: () => Promise<void>): void =>
    void test(title, async () => {
      try {
        await body();
      } finally {
        await manager.uninstall(name, { purge: true, timeoutMs });
      }
    });

  installed('every setting arrives as it was asked for', async () => {
    const wanted = spec({
      displayName: 'Orders – żluťoučký 日本',
      description: 'Takes orders',
      args: ['run', '--config', 'C:\\Program Files\\x y\\', 'say "hi"'],
      environment: { GREETING: 'hello world', EMPTY: '' },
      dependencies: ['RpcSs', 'Eventlog'],
      preshutdownTimeoutMs: 42_000,
    });
    await manager.install(wanted);
    const { environment, ...rest } = await settings();
    assert.deepEqual(rest, {
      displayName: 'Orders – żluťoučký 日本',
      description: 'Takes orders',
      imagePath: '"C:\\fixture.exe" run --config "C:\\Program Files\\x y\\\\" "say \\"hi\\""',
      startType: 'automatic (delayed)',
      account: 'NT SERVICE\\beyond',
      dependencies: ['RpcSs', 'Eventlog'],
      preshutdownTimeoutMs: 42_000,
      eventSource: '%SystemRoot%\\System32\\EventCreate.exe',
    });
    assert.deepEqual(environment, [
      'CONFIGURATION_DIRECTORY=C:\\ProgramData\\beyond\\config',
      'EMPTY=',
      'GREETING=hello world',
      'LOGS_DIRECTORY=C:\\ProgramData\\beyond\\logs',
      'STATE_DIRECTORY=C:\\ProgramData\\beyond\\state',
    ]);
    const source = 'SYSTEM\\CurrentControlSet\\Services\\EventLog\\Application\\beyond';
    const types = await scm.driver.call<RegistryValue>('readRegistry', [source, 'TypesSupported']);
    assert.deepEqual(types, { type: 'number', data: 7 });
    for (const directory of ['state', 'logs', 'config']) {
      assert.ok(existsSync(join(scm.wine.drive, 'ProgramData/beyond', directory)), directory);
    }
  });

  installed('drift of each setting is named, repaired, and nothing else is touched', async () => {
    const wanted = spec({ environment: { A: '1' } });
    await manager.install(wanted);
    const drift = {
      displayName: 'Else',
      startType: 4,
      account: 'LocalSystem',
      imagePath: '"C:\\other.exe" run',
    };
    await scm.driver.call('change', [name, { ...drift, dependencies: ['Eventlog'] }]);
    await scm.driver.call('writeRegistry', [
      `SYSTEM\\CurrentControlSet\\Services\\${name}`,
      'Environment',
      { type: 'list', data: ['A=2'] },
    ]);
    const { changes } = await manager.plan(wanted);
    assert.deepEqual(
      changes.map(({ what }) => what),
      ['display name', 'image path', 'start type', 'account', 'dependencies', 'environment'].map(
        (what) => `${name}: ${what}`,
      ),
    );
    const account = changes.find(({ what }) => what.endsWith('account'));
    assert.deepEqual([account?.before, account?.after], ['LocalSystem', 'NT SERVICE\\beyond']);
    await manager.install(wanted);
    assert.deepEqual((await manager.plan(wanted)).changes, []);
  });

  installed('what this system does not keep is said, not hidden', async () => {
    const { notes } = await manager.install(spec());
    for (const setting of [
      'failure actions after a reported failure',
      'service SID',
      'required privileges',
    ]) {
      assert.ok(
        notes.some((note) => note.includes(`"${setting}"`)),
        `${setting} is not among: ${notes.join('; ')}`,
      );
    }
    assert.ok(
      notes.some((note) => note.includes('permissions')),
      notes.join('; '),
    );
  });

  test('an account with a password is refused, with what to use instead', async () => {
    await assert.rejects(manager.install(spec({ account: { type: 'named', name: '.\\bob' } })), {
      code: 'MANAGER_INVALID_SPEC',
      message: /group-managed/,
    });
    assert.equal((await manager.query(name)).state, 'not-installed');
  });

  installed('a missing executable is a failed start that says so', async () => {
    await manager.install(spec({ executable: 'C:\\not-there.exe' }));
    await assert.rejects(manager.act(name, 'start', { timeoutMs }), {
      code: 'MANAGER_START_FAILED',
      message: /executable of beyond is not there/,
    });
  });

  installed('controls to a service that does not run are refused as such', async () => {
    await manager.install(spec());
    for (const action of ['pause', 'continue', 'reload'] as const) {
      await assert.rejects(manager.act(name, action, { timeoutMs }), { code: 'MANAGER_NOT_RUNNING' });
    }
    await assert.rejects(manager.sendCustomControl(name, 127), { code: 'MANAGER_CONTROL_REFUSED' });
  });

  installed('arguments of the start reach ServiceMain and do not break it', async () => {
    const workspace = createWorkspace({});
    workspace.write((path) => scm.wine.toWindows(path));
    const args = ['run', '--config', scm.wine.toWindows(workspace.planFile)];
    await manager.install(scm.spec(name, args));
    const started = await scm.driver.call<ControlResult>('start', [name, ['one', 'two words', 'żluť']]);
    assert.equal(started.error, 0);
    assert.equal((await manager.act(name, 'start', { timeoutMs })).state, 'running');
    workspace.remove();
  });

  installed('uninstall keeps what is in the directories, purge removes it', async () => {
    await manager.install(spec());
    const state = join(scm.wine.drive, 'ProgramData/beyond/state');
    mkdirSync(join(state, 'deep'), { recursive: true });
    writeFileSync(join(state, 'deep/file'), 'data');
    await manager.uninstall(name, { purge: false, timeoutMs });
    assert.ok(existsSync(join(state, 'deep/file')));
    await manager.uninstall(name, { purge: true, timeoutMs });
    assert.ok(!existsSync(join(scm.wine.drive, 'ProgramData/beyond')));
  });

  test('services of a single user are refused, with the reason', async () => {
    const { createScmManager } = await import('../../packages/platform/src/windows/manager.ts');
    assert.throws(
      () => createScmManager({ scope: 'user' }),
      (error) => isAppError(error) && error.code === 'MANAGER_UNSUPPORTED' && /--user/.test(error.message),
    );
  });
});
