// The launcher, started by a Node that is not the pinned one: a copy of it at another path stands for that.
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';

const root = join(import.meta.dirname, '../..');
const launcher = join(root, 'scripts/with-node.mjs');
const program = `
process.on('SIGTERM', () => process.exit(4)).on('SIGINT', () => process.exit(3)).on('SIGHUP', () => process.exit(5));
const [how, ...args] = process.argv.slice(2);
if (how === 'wait') setInterval(() => {}, 1000);
if (how === 'die') process.kill(process.pid, 'SIGKILL');
console.log(JSON.stringify({ args, version: process.version }));
if (how === 'exit') process.exitCode = Number(args[0]);
`;

const output = async (child: ChildProcess) => String((await once(child.stdout!, 'data'))[0]);
const ending = async (child: ChildProcess) => (await once(child, 'exit')) as [number | null, string | null];
describe('scripts/with-node.mjs', { skip: process.platform === 'win32' && 'POSIX signals' }, () => {
  let folder = '';
  let file = '';
  let otherNode = '';
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'mainstay-launcher-'));
    file = join(folder, 'program.mjs');
    await writeFile(file, program);
    otherNode = join(folder, 'node');
    await cp(process.execPath, otherNode);
  });
  after(async () => rm(folder, { recursive: true }));

  const start = (node: string, ...args: string[]) =>
    spawn(node, [launcher, file, ...args], { stdio: ['ignore', 'pipe', 'pipe'], detached: true });

  for (const kind of ['another Node', 'the pinned Node'] as const) {
    const node = () => (kind === 'another Node' ? otherNode : process.execPath);

    it(`hands on arguments and the exit code (from ${kind})`, async () => {
      const child = start(node(), 'exit', '7', 'a b');
      const [text, [code]] = await Promise.all([output(child), ending(child)]);
      assert.deepEqual(JSON.parse(text), { args: ['7', 'a b'], version: process.version });
      assert.equal(code, 7);
    });

    it(`ends with the program's signal (from ${kind})`, async () => {
      assert.deepEqual(await ending(start(node(), 'die')), [null, 'SIGKILL']);
    });

    for (const [signal, code] of [
      ['SIGTERM', 4],
      ['SIGINT', 3],
      ['SIGHUP', 5],
    ] as const) {
      it(`hands on ${signal}, and waits (from ${kind})`, async () => {
        const child = start(node(), 'wait');
        await output(child);
        child.kill(signal);
        assert.deepEqual(await ending(child), [code, null]);
      });
    }
  }

  it('says what to do when the pinned Node is not installed', async () => {
    await mkdir(join(folder, 'bare/scripts'), { recursive: true });
    await cp(launcher, join(folder, 'bare/scripts/with-node.mjs'));
    const child = spawn(process.execPath, [join(folder, 'bare/scripts/with-node.mjs'), file]);
    const [text, [code]] = await Promise.all([once(child.stderr, 'data'), ending(child)]);
    assert.match(String(text), /pinned Node is missing \(node-.*\): run "npm ci" without --omit=optional/);
    assert.equal(code, 1);
  });
});
