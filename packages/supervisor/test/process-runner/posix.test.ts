import assert from 'node:assert/strict';
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';

import type { ServiceDeclaration } from '../../src/manifest/types.ts';
import type { RunEnd } from '../../src/runner/types.ts';
import { CollectedOutput } from '../runner/collected-output.ts';
import { declare } from '../runner/declaration.ts';
import { openProcessRunner, posixHarness, type OpenedProcessRunner } from './posix-harness.ts';

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
