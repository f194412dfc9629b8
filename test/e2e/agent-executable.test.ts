// The file that is installed on a machine without Node: agent and command line in one.
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';

import type { ServiceView } from '@mainstay/supervisor';

import { gone, UpProcess } from '../../packages/cli/test/up-process.ts';
import { mainstay, run, TemporaryFolder, type RunResult } from './newcomer.ts';

const checkout = join(import.meta.dirname, '../..');

describe('the executable of the agent', { skip: process.platform !== 'linux' && 'needs /proc' }, () => {
  let folder: TemporaryFolder;
  let executable = '';
  let agent: UpProcess;
  const pids: number[] = [];

  const ask = async (...args: readonly string[]): Promise<RunResult> =>
    run(executable, args, folder.path, {
      MAINSTAY_SOCKET: join(folder.path, 'run/agent.sock'),
      // What a machine has where nothing but the file was copied to.
      PATH: '/usr/bin:/bin',
    });

  before(async () => {
    folder = await TemporaryFolder.make();
    const entry = join(checkout, 'packages/cli/src/executable.ts');
    const built = await mainstay(folder.path, [
      'build',
      entry,
      '--name',
      'mainstay',
      '--out',
      folder.path,
      '--no-type-check',
      '--no-commit',
      '--json',
    ]);
    assert.equal(built.code, 0, built.stderr);
    const { files } = JSON.parse(built.stdout) as { files: readonly { file: string }[] };
    executable = join(folder.path, files[0]?.file ?? '');
    await writeFile(
      join(folder.path, 'mainstay.yaml'),
      `services:
  worker:
    exec: [sh, -c, 'echo "started $MAINSTAY_INSTANCE"; exec sleep 1000']
    instances: 2
  after:
    exec: [sleep, "1000"]
    dependsOn: [worker]
`,
    );
    const directories = ['state', 'run', 'logs'].map((name) => join(folder.path, name));
    const [state = '', runtime = '', logs = ''] = directories;
    agent = new UpProcess(
      'env',
      [
        `MAINSTAY_STATE_DIRECTORY=${state}`,
        `MAINSTAY_RUNTIME_DIRECTORY=${runtime}`,
        `MAINSTAY_LOGS_DIRECTORY=${logs}`,
        executable,
        'run',
      ],
      folder.path,
    );
    await agent.printed(/The agent listens/);
  });

  after(async () => {
    await agent[Symbol.asyncDispose]();
    await folder[Symbol.asyncDispose]();
  });

  it('has the commands of both', async () => {
    const help = await ask('--help');
    for (const name of ['ps', 'apply', 'why', 'logs', 'agent'])
      assert.match(help.stdout, new RegExp(`^ {2}${name}\\b`, 'm'), name);
    assert.match((await ask('agent', '--help')).stdout, /^ {2}install\b/m);
    assert.match((await ask('version')).stdout, /mainstay/);
    const empty = await ask('ps');
    assert.deepEqual([empty.code, empty.stdout.split(';')[0]], [0, 'The agent has no services']);
  });

  it('applies, and shows what runs', async () => {
    const applied = await ask('apply', '--yes');
    assert.equal(applied.code, 0, applied.stderr);
    const services = JSON.parse((await ask('ps', '--json')).stdout) as readonly ServiceView[];
    assert.deepEqual(
      services.map(({ name, state }) => [name, state]),
      [
        ['worker', 'running'],
        ['after', 'running'],
      ],
    );
    pids.push(...services.flatMap(({ instances }) => instances.map(({ pid }) => pid ?? 0)));
    assert.match((await ask('why', 'worker/1')).stdout, /^worker\/1 has been running/);
    assert.match((await ask('metrics')).stdout, /^mainstay_service_up\{service="after",instance="0"\} 1$/m);
    for (;;) {
      const { stdout } = await ask('logs', 'worker', '--raw');
      if (stdout.split('\n').toSorted().join(' ').trim() === 'started 0 started 1') break;
    }
  });

  it('says that it runs no sources', async () => {
    const file = join(folder.path, 'source.yaml');
    await writeFile(file, `services:\n  orders: { service: ${join(checkout, 'examples/orders-api')} }\n`);
    const { code, stderr } = await ask('apply', '-f', file);
    assert.equal(code, 6);
    assert.match(stderr, /:2:\d+ .*an installed agent runs no sources: build it with `mainstay build`/);
  });

  it('stops services, and then itself; nothing is left', async () => {
    assert.equal((await ask('stop', 'after')).code, 0);
    assert.equal((await ask('ps')).code, 3);
    agent.signal('SIGTERM');
    assert.equal(await agent.ended, 0, agent.output);
    await Promise.all(pids.map((pid) => gone(pid)));
    assert.equal(pids.length, 3);
    while (ofFolder(folder.path).length > 0) await new Promise((resolve) => setTimeout(resolve, 20));
    assert.ok(!existsSync(join(folder.path, 'run/agent.sock')));
    assert.match((await ask('ps')).stderr, /No agent listens/);
  });
});

/** Processes that know of the folder: the agent, what it started, and what guards that. */
function ofFolder(path: string): readonly string[] {
  return readdirSync('/proc').filter((name) => {
    if (!/^\d+$/.test(name) || Number(name) === process.pid) return false;
    try {
      return ['environ', 'cmdline'].some((file) =>
        readFileSync(join('/proc', name, file), 'latin1').includes(path),
      );
    } catch {
      return false;
    }
  });
}
