import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';

import type { ServiceInfo, ServiceSpec } from '@mainstay/core';

import { MemoryManager } from '../../../platform/test/memory-manager.ts';
import { directoriesBeside, type DirectoryFacts } from '../../src/directories.ts';
import { installAgent, type AgentInstallation } from '../../src/install/install-agent.ts';
import { agentStatus, uninstallAgent } from '../../src/install/manage-agent.ts';
import { agentServiceName } from '../../src/install/places.ts';
import { temporaryDirectory } from '../fixtures.ts';

const facts: DirectoryFacts = { platform: 'linux', env: {}, home: '/home/x', temporary: '/tmp', uid: 0 };

/** Fails the acts that it is told to. */
class Manager extends MemoryManager {
  failing = 0;
  readonly acts: string[] = [];
  spec: ServiceSpec | undefined;

  override async install(spec: ServiceSpec): ReturnType<MemoryManager['install']> {
    this.spec = spec;
    return await super.install(spec);
  }

  override async act(...[name, action, options]: Parameters<MemoryManager['act']>): Promise<ServiceInfo> {
    this.acts.push(`${action} ${this.spec?.executable.split('/').at(-2)?.split('-')[0]}`);
    if (this.failing > 0) {
      this.failing -= 1;
      throw new Error('It does not start');
    }
    return super.act(name, action, options);
  }
}

interface World {
  readonly manager: Manager;
  readonly folder: string;
  readonly directories: ReturnType<typeof directoriesBeside>;
  readonly install: (version: string) => Promise<AgentInstallation>;
  readonly versions: () => readonly string[];
}

function world(t: TestContext): World {
  const base = temporaryDirectory(t);
  const manager = new Manager();
  const folder = join(base, 'opt');
  const directories = directoriesBeside(base, facts);
  return {
    manager,
    folder,
    directories,
    install(version) {
      const executable = join(base, 'built');
      writeFileSync(executable, `agent ${version}`);
      return installAgent({ manager, executable, version, folder, directories });
    },
    versions: () =>
      existsSync(join(folder, 'versions'))
        ? readdirSync(join(folder, 'versions')).map((name) => name.split('-')[0] ?? '')
        : [],
  };
}

describe('install of the agent', () => {
  it('copies, registers, starts, and does nothing the second time', async (t) => {
    const { manager, install, versions, directories } = world(t);
    const first = await install('1.0.0');
    assert.equal(first.outcome, 'installed');
    assert.equal(first.before, undefined);
    assert.equal(readFileSync(first.executable, 'utf8'), 'agent 1.0.0');
    assert.equal(manager.spec?.executable, first.executable);
    assert.equal(manager.spec.delegate, true);
    assert.equal(manager.spec.environment['MAINSTAY_STATE_DIRECTORY'], directories.state);
    assert.ok((await manager.query(agentServiceName)).pid);
    assert.equal((await install('1.0.0')).outcome, 'unchanged');
    assert.deepEqual(versions(), ['1.0.0']);
    assert.deepEqual(manager.acts, ['start 1.0.0']);
  });

  it('restarts for a newer version, and keeps the one before', async (t) => {
    const { manager, install, versions } = world(t);
    await install('1.0.0');
    const second = await install('2.0.0');
    assert.deepEqual([second.outcome, second.before], ['restarted', '1.0.0']);
    await install('3.0.0');
    assert.deepEqual(versions().toSorted(), ['2.0.0', '3.0.0']);
    assert.deepEqual(manager.acts, ['start 1.0.0', 'restart 2.0.0', 'restart 3.0.0']);
  });

  it('goes back to the version before when the new one does not start', async (t) => {
    const { manager, install, versions } = world(t);
    const first = await install('1.0.0');
    manager.failing = 1;
    await assert.rejects(install('2.0.0'), {
      code: 'AGENT_INSTALL_FAILED',
      message: /was there before is in place/,
    });
    assert.deepEqual(manager.acts.slice(1), ['restart 2.0.0', 'restart 1.0.0']);
    assert.equal(manager.spec?.executable, first.executable);
    assert.deepEqual(versions(), ['1.0.0']);
    assert.ok((await manager.query(agentServiceName)).pid);
  });

  it('leaves nothing behind when the first one does not start', async (t) => {
    const { manager, install, versions } = world(t);
    manager.failing = 1;
    await assert.rejects(install('1.0.0'), { code: 'AGENT_INSTALL_FAILED' });
    assert.equal((await manager.query(agentServiceName)).state, 'not-installed');
    assert.deepEqual(versions(), []);
  });

  it('says what it could not put back, and keeps what may still be needed', async (t) => {
    const { manager, install, versions } = world(t);
    await install('1.0.0');
    manager.failing = 2;
    await assert.rejects(install('2.0.0'), { message: /could not be put back: It does not start/ });
    assert.deepEqual(versions().toSorted(), ['1.0.0', '2.0.0']);
  });

  it('changes nothing when there is nothing to copy', async (t) => {
    const { manager, folder, directories } = world(t);
    const executable = join(folder, 'missing');
    await assert.rejects(installAgent({ manager, executable, version: '1.0.0', folder, directories }), {
      code: 'AGENT_INSTALL_FAILED',
    });
    assert.equal(manager.spec, undefined);
  });
});

describe('an installed agent', () => {
  it('has a status, also when it does not answer', async (t) => {
    const { manager, install, folder, directories } = world(t);
    await install('1.0.0');
    const status = await agentStatus({ manager, folder, directories });
    assert.equal(status.version, '1.0.0');
    assert.equal(status.service.state, 'running');
    assert.equal(status.agent, undefined);
    assert.match(status.problem ?? '', /No agent listens/);
  });

  it('is removed with its executables, and with its data only by purge', async (t) => {
    const { manager, install, folder, directories } = world(t);
    mkdirSync(directories.state, { recursive: true });
    await install('1.0.0');
    const options = { timeoutMs: 1000 };
    const removed = await uninstallAgent({ manager, folder, directories }, { purge: false, ...options });
    assert.deepEqual(removed.problems, []);
    assert.ok(!existsSync(folder) && existsSync(directories.state));
    assert.equal((await manager.query(agentServiceName)).state, 'not-installed');
    await uninstallAgent({ manager, folder, directories }, { purge: true, ...options });
    assert.ok(!existsSync(directories.state));
  });
});
