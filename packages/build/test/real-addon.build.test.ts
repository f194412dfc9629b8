import assert from 'node:assert/strict';
import { mkdir, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { buildExecutables, hostTarget } from '../src/index.ts';
import { packageFolderFrom } from '../src/project/builder-packages.ts';
import { copyProject, temporaryFolder, writeFiles } from './project-fixture.ts';
import { run } from './run-executable.ts';

test(
  'an addon of napi-rs computes inside the executable, far from any node_modules',
  { skip: hostTarget() !== 'linux-x64' && 'needs a linux-x64' },
  async (t) => {
    const folder = await temporaryFolder(t);
    const input = await copyProject(folder);
    const addon = packageFolderFrom('@node-rs/crc32', []);
    assert.ok(addon);
    await mkdir(join(input, 'node_modules/@node-rs'));
    await symlink(addon, join(input, 'node_modules/@node-rs/crc32'), 'dir');
    await writeFiles(input, {
      'src/main.ts':
        "import { crc32 } from '@node-rs/crc32';\nexport const probe = async () => ({ crc: crc32('123456789') });\n",
    });
    const outputFolder = join(folder, 'out');
    const manifest = await buildExecutables({
      input,
      outputFolder,
      targets: ['linux-x64'],
      typeCheck: false,
    });
    const { stdout, stderr, exitCode } = await run(join(outputFolder, 'plain-linux-x64'), [], { cwd: '/' });
    assert.equal(exitCode, 0, stderr);
    const report = JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as Record<string, unknown>;
    // The check value of CRC-32 (ITU-T V.42).
    assert.deepEqual(report['probe'], { crc: 0xcbf43926 });
    const inputs = manifest.files[0]?.inputs.map((one) => one.package);
    assert.ok(inputs?.includes('@node-rs/crc32-linux-x64-gnu@1.10.6'));
  },
);
