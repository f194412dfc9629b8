// The launcher on a machine where the pinned Node's library is really missing: in a mount namespace of its own the
// library is deleted from an overlay of its folder. apt-get alone is a stand-in, so that nothing is downloaded.
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { chmod, cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { namespaces } from '../../scripts/test/needs.ts';

const launcher = join(import.meta.dirname, '../../scripts/with-node.mjs');
const libraries = `/usr/lib/${process.arch === 'x64' ? 'x86_64' : 'aarch64'}-linux-gnu`;
/** The Node that npm runs on: the user's own. */
const usersNode = process.env['npm_node_execpath'];

async function skipReason(): Promise<string | false> {
  if (!existsSync('/etc/debian_version')) return 'not Debian';
  if (process.getuid?.() !== 0) return 'hiding a library needs root';
  const missing = await namespaces.missing();
  if (missing !== undefined) return missing;
  if (usersNode === undefined) return 'not run by npm, so no Node but the pinned one is known';
  const needed = execFileSync('ldd', [usersNode], { encoding: 'utf8' });
  return needed.includes('libatomic') && `the Node on PATH (${usersNode}) needs libatomic1 itself`;
}

describe('scripts/with-node.mjs without libatomic1', { skip: await skipReason() }, () => {
  let folder = '';
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'mainstay-library-'));
    await chmod(folder, 0o755);
    const bin = join(folder, 'node_modules', `node-linux-${process.arch}`, 'bin');
    for (const path of [bin, join(folder, 'scripts'), join(folder, 'apt'), join(folder, 'disk')])
      await mkdir(path, { recursive: true });
    await cp(process.execPath, join(bin, 'node'));
    await cp(launcher, join(folder, 'scripts/with-node.mjs'));
    await writeFile(join(folder, 'program.mjs'), 'console.log(process.version);');
  });
  after(async () => rm(folder, { recursive: true }));

  /** Runs the launcher with the library deleted; `$saved` is a copy of it. */
  const launch = async (aptGet: string, ...wrapper: string[]) => {
    await writeFile(join(folder, 'apt/apt-get'), `#!/bin/sh\n${aptGet}\n`, { mode: 0o755 });
    const script = `set -e
      mount -t tmpfs tmpfs '${folder}/disk'
      cd '${folder}/disk'
      mkdir upper work
      cp -L '${libraries}/libatomic.so.1' saved
      export saved=$PWD/saved
      mount -t overlay -o 'lowerdir=${libraries},upperdir=upper,workdir=work' overlay '${libraries}'
      rm '${libraries}'/libatomic.so.1*
      cd '${folder}'
      export PATH="${folder}/apt:$PATH"
      exec "$@"`;
    const command = [...wrapper, String(usersNode), 'scripts/with-node.mjs', 'program.mjs'];
    const args = ['--mount', '--propagation=private', 'bash', '-c', script, 'bash', ...command];
    return spawnSync('unshare', args, { encoding: 'utf8' });
  };

  it('installs it as root, says so, and goes on', async () => {
    const { status, stdout, stderr } = await launch(
      `echo "$@" >>calls; cp "$saved" ${libraries}/libatomic.so.1`,
    );
    assert.equal(stderr, 'The pinned Node needs libatomic.so.1: installing libatomic1 by apt-get\n');
    assert.deepEqual([status, stdout], [0, `${process.version}\n`]);
  });

  it('fetches package lists when there are none', async () => {
    const aptGet = `case "$*" in
      *update) touch lists ;;
      *) [ -e lists ] && cp "$saved" ${libraries}/libatomic.so.1 ;;
    esac`;
    const { status, stdout } = await launch(aptGet);
    assert.deepEqual([status, stdout], [0, `${process.version}\n`]);
  });

  it('ends with the reason when that fails, also when it seemed to succeed', async () => {
    const refused = await launch('echo "E: Unable to locate package libatomic1" >&2; exit 100');
    assert.equal(refused.status, 1);
    assert.match(refused.stderr, /^Cannot install libatomic1: E: Unable to locate package libatomic1$/m);
    const useless = await launch('exit 0');
    assert.equal(useless.status, 1);
    assert.match(useless.stderr, /does not start here: .*libatomic\.so\.1: cannot open shared object file/);
  });

  it('names the exact command to anyone else', async () => {
    const nobody = ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups'];
    const { status, stderr } = await launch('exit 100', ...nobody);
    assert.equal(stderr, 'The pinned Node needs libatomic.so.1: run "sudo apt-get install libatomic1"\n');
    assert.equal(status, 1);
  });
});
