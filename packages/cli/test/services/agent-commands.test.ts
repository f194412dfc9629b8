// `mainstay agent …` with a service manager in memory, which runs a real agent in place of its executable.
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readlinkSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite, test } from 'node:test';

import { installedDirectories, openAgent, type Agent, type DirectoryFacts } from '@mainstay/agent';
import { defineErrors, type ManagerAction, type ServiceInfo, type WaitOptions } from '@mainstay/core';
import { createStyle, type TextStream } from '@mainstay/service/terminal';

import { MemoryManager } from '../../../platform/test/memory-manager.ts';
import { runMainstay } from '../../src/command-line.ts';
import { silent, stays, type Told } from './agent-world.ts';

const options = {
  timeout: 120_000,
  skip: process.platform === 'linux' ? false : 'its executable is a script',
};

/** What is installed: it only knows its version. */
const executable = (version: string): string =>
  `#!/bin/sh\necho '{"name": "mainstay-agent", "version": "${version}"}'\n`;

class Manager extends MemoryManager {
  readonly #start: () => Promise<Agent>;
  agent: Agent | undefined;
  /** What the next start fails with. */
  failure: Error | undefined;

  constructor(start: () => Promise<Agent>) {
    super({ scope: 'user', kind: 'systemd' });
    this.#start = start;
  }

  override async act(name: string, action: ManagerAction, wait: WaitOptions): Promise<ServiceInfo> {
    const { failure } = this;
    this.failure = undefined;
    if (failure) throw failure;
    await this.agent?.close({ force: true });
    this.agent = action === 'stop' ? undefined : await this.#start();
    return super.act(name, action, wait);
  }

  override async uninstall(
    ...args: Parameters<MemoryManager['uninstall']>
  ): ReturnType<MemoryManager['uninstall']> {
    await this.agent?.close({ force: true });
    this.agent = undefined;
    return super.uninstall(...args);
  }
}

/** The home of somebody who has an agent of their own. */
class Home implements AsyncDisposable {
  readonly path = mkdtempSync(join(tmpdir(), 'mainstay-home-'));
  readonly facts: DirectoryFacts = {
    platform: 'linux',
    env: {},
    home: this.path,
    temporary: tmpdir(),
    uid: 1000,
  };
  readonly directories = installedDirectories('user', this.facts);
  readonly link = join(this.path, '.local/bin/mainstay');
  readonly manager = new Manager(() =>
    openAgent({
      directories: this.directories,
      environment: { PATH: process.env['PATH'] ?? '' },
      log: silent,
      version: '1.0.0',
      parts: { hostProblems: async () => this.refusals },
    }),
  );
  managerFailure: Error | undefined;
  /** What the agent says against every manifest. */
  refusals: readonly string[] = [];

  executable(version: string): string {
    const file = join(this.path, `built-${version}`);
    writeFileSync(file, executable(version), { mode: 0o755 });
    return file;
  }

  manifest(value: unknown): string {
    const file = join(this.path, 'mainstay.yaml');
    writeFileSync(file, JSON.stringify(value));
    return file;
  }

  async run(...argv: readonly string[]): Promise<Told> {
    const told = { out: '', err: '' };
    const stream = (name: 'out' | 'err'): TextStream => ({
      write: (text) => void (told[name] += text),
      isTTY: false,
      columns: 100,
      style: createStyle(false),
    });
    const code = await runMainstay(['agent', ...argv], {
      env: { PATH: process.env['PATH'] },
      cwd: this.path,
      output: { out: stream('out'), err: stream('err') },
      interrupted: new AbortController(),
      machine: {
        facts: this.facts,
        executable: undefined,
        createManager: async () => {
          if (this.managerFailure) throw this.managerFailure;
          return this.manager;
        },
      },
    });
    return { code, ...told };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.manager.agent?.close({ force: true });
    rmSync(this.path, { recursive: true, force: true });
  }
}

suite('mainstay agent', options, () => {
  test('is installed with its manifest, looked at, stopped, started and removed', async () => {
    await using home = new Home();
    const missing = await home.run('status', '--user');
    assert.equal(missing.code, 5);
    assert.match(missing.out, /is not-installed\n {2}Install it with `mainstay agent install`/);
    const manifest = home.manifest({ services: { web: { exec: stays } } });
    const file = home.executable('1.0.0');
    const installed = await home.run('install', '--user', '--executable', file, '--manifest', manifest);
    assert.equal(installed.code, 0, installed.err);
    assert.match(installed.out, /^Installed the agent: 1\.0\.0\n/);
    assert.match(installed.out, /^web +running +\d+/m);
    assert.match(installed.out, new RegExp(`^ {2}command +${home.link}$`, 'm'));
    assert.ok(existsSync(readlinkSync(home.link)), 'the command leads to the executable');

    const status = await home.run('status', '--user');
    assert.equal(status.code, 0);
    assert.match(status.out, /^mainstay-agent is running\n/);
    assert.match(status.out, /^ {2}Services: +1$/m);
    const { agent, command } = JSON.parse((await home.run('status', '--user', '--json')).out) as {
      agent: { services: number };
      command: string;
    };
    assert.deepEqual([agent.services, command], [1, home.link]);

    assert.match((await home.run('stop', '--user')).out, /^Stopped mainstay-agent\n/);
    assert.equal((await home.run('status', '--user')).code, 3);
    assert.match((await home.run('start', '--user')).out, /^Started mainstay-agent, pid \d+\n/);
    assert.equal(
      (JSON.parse((await home.run('restart', '--user', '--json')).out) as ServiceInfo).state,
      'running',
    );

    const removed = await home.run('uninstall', '--user');
    assert.equal(removed.code, 0, removed.err);
    assert.match(removed.out, /^Uninstalled the agent\n/);
    assert.match(removed.out, /--purge removes them/);
    assert.ok(!existsSync(home.link) && existsSync(home.directories.state));
    assert.match((await home.run('uninstall', '--user', '--purge')).out, /nothing to do/);
    assert.ok(!existsSync(home.directories.state));
  });

  test('another version takes the place of the first; one that does not start does not', async () => {
    await using home = new Home();
    const install = async (version: string): Promise<Told> =>
      home.run('install', '--user', '--executable', home.executable(version));
    assert.equal((await install('1.0.0')).code, 0);
    const upgraded = await install('2.0.0');
    assert.match(upgraded.out, /^Installed the agent, and restarted it .*: 2\.0\.0 \(before: 1\.0\.0\)\n/);
    assert.match(readlinkSync(home.link), /versions\/2\.0\.0-/);
    home.manager.failure = new Error('It does not start');
    const broken = await install('3.0.0');
    assert.notEqual(broken.code, 0);
    assert.match(broken.err, /what was there before is in place: It does not start/);
    assert.match(readlinkSync(home.link), /versions\/2\.0\.0-/);
    assert.equal((await home.run('status', '--user')).code, 0);
    assert.match((await install('2.0.0')).out, /is installed already, and runs/);
  });

  test('a manifest with a mistake installs nothing; one that is refused leaves nothing', async () => {
    await using home = new Home();
    const file = home.executable('1.0.0');
    const install = async (): Promise<Told> =>
      home.run('install', '--user', '--executable', file, '--manifest', 'mainstay.yaml');
    home.manifest({ services: { web: { exec: ['no-such-program-anywhere'] } } });
    const wrong = await install();
    assert.equal(wrong.code, 6);
    assert.equal((await home.run('status', '--user')).code, 5);
    assert.ok(!existsSync(join(home.path, '.local')), 'nothing was installed');

    home.manifest({ services: { web: { exec: stays } } });
    home.refusals = ['This machine does not like it'];
    const refused = await install();
    assert.equal(refused.code, 1);
    assert.match(refused.err, /was not applied, and the agent was removed again: [^]*does not like it/);
    assert.equal((await home.run('status', '--user')).code, 5);
    assert.ok(!existsSync(home.link));

    home.refusals = [];
    assert.equal((await install()).code, 0);
    home.refusals = ['This machine does not like it'];
    home.manifest({ services: { other: { exec: stays } } });
    assert.match((await install()).err, /was not applied, and the agent runs what it ran before/);
    assert.equal((await home.run('status', '--user')).code, 0);
  });

  test('an executable that is another, and a file of somebody else where the command would be', async () => {
    await using home = new Home();
    const other = join(home.path, 'other');
    writeFileSync(other, '#!/bin/sh\necho \'{"name": "orders", "version": "1.0.0"}\'\n', { mode: 0o755 });
    const wrong = await home.run('install', '--user', '--executable', other);
    assert.equal(wrong.code, 2);
    assert.match(wrong.err, /other is not an executable of the agent for this machine: it is "orders"/);
    const file = home.executable('1.0.0');
    assert.equal((await home.run('install', '--user', '--executable', file)).code, 0);
    rmSync(home.link);
    symlinkSync('/somewhere/else', home.link);
    const { out } = await home.run('install', '--user', '--executable', file, '--json');
    assert.match((JSON.parse(out) as { command: string }).command, /versions\/1\.0\.0-/);
    await home.run('uninstall', '--user');
    assert.equal(readlinkSync(home.link), '/somewhere/else', 'it is not ours to remove');
  });

  test("the machine's agent is root's, and needs a service manager", async () => {
    await using home = new Home();
    Object.defineProperty(home.manager, 'scope', { value: 'system' });
    for (const action of ['install', 'uninstall', 'stop']) {
      const { code, err } = await home.run(action);
      assert.equal(code, 4, action);
      assert.match(err, new RegExp(`Only root may ${action} the machine's agent: write sudo`));
    }
    const errors = defineErrors('test', {
      MANAGER_UNAVAILABLE: { kind: 'operator', summary: 'None', action: 'None' },
    });
    home.managerFailure = errors.error('MANAGER_UNAVAILABLE', 'No systemd to talk to; use `run`');
    assert.match(
      (await home.run('status')).err,
      /^Error: No systemd to talk to; run the agent in the foreground with `mainstay up`$/m,
    );
  });
});
