import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { writeSeaBlob } from '../../src/executable/sea-blob.ts';
import { pinnedRuntimes } from '../../src/runtime/pinned.ts';
import { temporaryFolder, writeFiles } from '../project-fixture.ts';
import { run } from '../run-executable.ts';

test('the blob is the one that Node itself writes', async (t) => {
  assert.equal(
    process.version,
    `v${pinnedRuntimes['linux-x64'].node.version}`,
    'the tests run on the pinned Node',
  );
  const folder = await temporaryFolder(t);
  const execArgv = ['--disable-sigusr1', '--openssl-config=/dev/null'];
  for (const assets of [{}, { asset: 'asset.bin' }]) {
    await writeFiles(folder, {
      'main.js': 'console.log("ä")',
      'asset.bin': Buffer.from([0, 255, 10]),
      'sea.json': JSON.stringify({
        main: 'main.js',
        output: 'blob',
        disableExperimentalSEAWarning: true,
        useCodeCache: false,
        useSnapshot: false,
        execArgvExtension: 'none',
        execArgv,
        assets,
      }),
    });
    const result = await run(process.execPath, ['--experimental-sea-config', 'sea.json'], { cwd: folder });
    assert.equal(result.exitCode, 0, result.stderr);
    const ours = writeSeaBlob({
      main: 'console.log("ä")',
      execArgv,
      assets: new Map(Object.keys(assets).map((key) => [key, Buffer.from([0, 255, 10])])),
    });
    assert.deepEqual(ours, await readFile(join(folder, 'blob')));
  }
});
