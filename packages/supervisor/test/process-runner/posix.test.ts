import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';

import { systemClock } from '@mainstay/platform';

import type { ServiceDeclaration } from '../../src/manifest/types.ts';
import { ProcessRunner } from '../../src/process-runner/process-runner.ts';
import type { RunEnd } from '../../src/runner/types.ts';
import { CollectedOutput } from '../runner/collected-output.ts';
import { silent } from '../native-runner/declarations.ts';
import { declare } from '../runner/declaration.ts';
import { isAlive, openProcessRunner, posixHarness, type OpenedProcessRunner } from './posix-harness.ts';

const { program } = posixHarness('');
const skip = process.platform !== 'linux' && 'it looks into /proc';

describe('process runner on POSIX', { skip }, () => {
  let opened: OpenedProcessRunner;
  let runs = 0;
  before(async () => {
    opened = await openProcessRunner();
  });
  after(async () => {
    await opened.close();
  });

  async function run(
    changes: Partial<ServiceDeclaration> & Pick<ServiceDeclaration, 'program'>,
    env: Readonly<Record<string, string>> = {},
  ): Promise<{ end: RunEnd; output: CollectedOutput }> {
    runs += 1;
    const output = new CollectedOutput();
    const declaration = declare({ cwd: '/', ...changes });
    const spec = {
      id: { service: declaration.name, instance: 0, run: runs },
      declaration,
      env: { PATH: process.env.PATH ?? '', ...env },
    };
    const started = opened.runner.start(spec, { onStatus() {}, onOutOfMemory() {} }, output);
    return { end: await started.ended, output };
  }

  const exec = (command: string, ...args: readonly string[]): ServiceDeclaration['program'] => ({
    type: 'exec',
    command,
    args,
  });

  test('says why a program cannot be started', async () => {
    const plain = join(opened.directory, 'plain.txt');
    writeFileSync(plain, 'text', { mode: 0o600 });
    const cases = [
      [{ program: exec('/no/such/file') }, 'RUN_NO_PROGRAM', /\/no\/such\/file does not exist/],
      [{ program: exec('/usr') }, 'RUN_NO_PROGRAM', /\/usr is a folder/],
      [{ program: exec(plain) }, 'RUN_NO_PROGRAM', /plain\.txt may not be executed/],
      [{ program: exec('true'), cwd: '/no/such/folder' }, 'RUN_NO_FOLDER', /\/no\/such\/folder/],
      [{ program: exec('true'), cwd: plain }, 'RUN_NO_FOLDER', /is no folder/],
      [{ program: exec('true', 'x'.repeat(3 << 20)) }, 'RUN_TOO_LONG', /longer than the system allows/],
    ] as const;
    for (const [changes, code, message] of cases) {
      const { error } = (await run(changes)).end;
      assert.equal((error as { code?: string } | undefined)?.code, code);
      assert.match(error?.message ?? '', message);
    }
  });

  test('the program gets its environment, also what a shell could not hold', async () => {
    const { output } = await run(
      { program: program('env') },
      { 'spring.profile': 'a b', NOTIFY_SOCKET: '/of/agent' },
    );
    const env = JSON.parse(output.text('stdout')) as Record<string, string>;
    assert.equal(env['spring.profile'], 'a b');
    assert.equal(env.NOTIFY_SOCKET, undefined);
    assert.equal(env.cwd, '/');
  });

  test('standard output can be opened by name', async () => {
    const { output } = await run({ program: program('reopen') });
    assert.equal(output.text('stdout'), 'by name\n');
  });

  test('nothing is left of a run', async () => {
    const count = (): number => readdirSync('/proc/self/fd').length;
    const once = async (): Promise<void> => {
      const { end } = await run({ program: exec('sh', '-c', 'echo out; echo err >&2; exit 3') });
      assert.equal(end.exitCode, 3);
    };
    await once();
    const before = count();
    for (let round = 0; round < 200; round += 1) await once();
    assert.equal(count(), before);
  });

  test('a cgroup that somebody has removed while it was empty is made again', async (context) => {
    if (!opened.containment.kind.startsWith('cgroup')) return context.skip('there are no cgroups');
    const { end, output } = await run({ name: 'swept', program: exec('cat', '/proc/self/cgroup') });
    assert.equal(end.exitCode, 0);
    const name = /:(?<path>\/.*\/swept@0)$/m.exec(output.text('stdout'))?.groups?.path;
    assert.ok(name, output.text('stdout'));
    const mounts = readFileSync('/proc/self/mounts', 'utf8').match(/(?<= )\S+(?= cgroup2? )/g) ?? [];
    const removed = mounts.map((mount) => `${mount}${name}`).filter((path) => existsSync(path));
    assert.ok(removed.length > 0);
    for (const path of removed) rmdirSync(path);
    assert.equal((await run({ name: 'swept', program: exec('true') })).end.exitCode, 0);
    await opened.runner.forget('swept');
  });

  test('a program that could not be held is ended, and nothing is left of the run', async () => {
    let pid = 0;
    const directory = await mkdtemp(join(tmpdir(), 'mainstay-unheld-'));
    const runner = new ProcessRunner({
      containment: {
        kind: opened.containment.kind,
        unheldLimits: {},
        noOtherUsers: undefined,
        pipesDirectory: directory,
        create: (name, limits) => {
          const made = opened.containment.create(name, limits);
          assert.ok(!(made instanceof Promise));
          made.adopt = (given) => {
            pid = given;
            throw new Error('no more handles');
          };
          return made;
        },
        close: async () => undefined,
      },
      ports: { attach: () => undefined },
      sockets: { descriptorsFor: () => [] },
      clock: systemClock,
      log: silent,
    });
    const output = new CollectedOutput();
    const declaration = declare({ name: 'unheld', program: program('hang') });
    const spec = { id: { service: 'unheld', instance: 0, run: 1 }, declaration, env: {} };
    const { error } = await runner.start(spec, { onStatus() {}, onOutOfMemory() {} }, output).ended;
    assert.match(error?.message ?? '', /did not start the process: no more handles/);
    assert.ok(pid > 0 && !isAlive(pid));
    await runner.forget('unheld');
    await runner.close();
    assert.deepEqual(readdirSync(directory), [], 'its pipes are gone');
    await rm(directory, { recursive: true });
  });

  test('many start at once', async () => {
    const names = Array.from({ length: 100 }, (_, index) => `many-${index}`);
    const ends = await Promise.all(
      names.map(async (name) => await run({ name, program: exec('sh', '-c', `echo ${name}`) })),
    );
    assert.deepEqual(
      ends.map(({ output }) => output.text('stdout')),
      names.map((name) => `${name}\n`),
    );
    for (const name of names) await opened.runner.forget(name);
  });

  test('hands on what the guardian of an earlier agent saved', async () => {
    const path = join(opened.containment.pipesDirectory ?? '', 'web.shop@2@17.stderr.rest');
    writeFileSync(path, 'last words\n');
    const [leftover, ...others] = await opened.runner.leftovers();
    assert.equal(others.length, 0);
    assert.deepEqual(leftover?.id, { service: 'web.shop', instance: 2, run: 17 });
    assert.equal(leftover.stream, 'stderr');
    assert.equal(leftover.path, path);
    await leftover.discard();
    assert.deepEqual(await opened.runner.leftovers(), []);
  });
});
