import assert from 'node:assert/strict';
import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { buildExecutables, createProject, hostTarget } from '../src/index.ts';
import { temporaryFolder, writeFiles } from './project-fixture.ts';
import { run } from './run-executable.ts';

test(
  'a new project builds as it is, and its executable says its version',
  { skip: hostTarget() !== 'linux-x64' },
  async (t) => {
    const parentFolder = await temporaryFolder(t);
    const { folder, files } = await createProject({
      name: 'meter-reader',
      parentFolder,
      description: 'Reads meters',
    });
    assert.deepEqual(files, ['.gitignore', 'README.md', 'package.json', 'src/main.ts', 'tsconfig.json']);
    assert.equal(
      (JSON.parse(await readFile(join(folder, 'package.json'), 'utf8')) as { name: string }).name,
      'meter-reader',
    );
    await buildExecutables({ input: folder, targets: ['linux-x64'], outputFolder: join(folder, 'out') });
    const { exitCode, stdout, stderr } = await run(join(folder, 'out/meter-reader-linux-x64'), ['version']);
    assert.equal(exitCode, 0, stderr);
    assert.match(stdout, /0\.1\.0/);
  },
);

test('a bad name or a folder with something in it is refused, and nothing is left', async (t) => {
  const parentFolder = await temporaryFolder(t);
  for (const name of ['Upper', '-x', 'a--b', '../up', '', 'a'.repeat(65)]) {
    await assert.rejects(createProject({ name, parentFolder }), { code: 'INIT_BAD_NAME' });
  }
  await writeFiles(parentFolder, { 'taken/file': 'x' });
  await assert.rejects(createProject({ name: 'taken', parentFolder }), { code: 'INIT_FOLDER_NOT_EMPTY' });
  assert.deepEqual(await readdir(parentFolder), ['taken']);
});
