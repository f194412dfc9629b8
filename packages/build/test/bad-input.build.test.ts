import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { copyFile, mkdir, readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { suite, test, type TestContext } from 'node:test';
import { packageFolderFrom } from '../src/project/builder-packages.ts';
import { buildExecutables, hostTarget, type BuildOptions } from '../src/index.ts';
import { copyProject, temporaryFolder, writeFiles } from './project-fixture.ts';
import { run } from './run-executable.ts';

const target = hostTarget() ?? 'linux-x64';
const canMount = process.getuid?.() === 0 && process.platform === 'linux';

/** Builds the fixture with some files replaced; asserts that nothing is left when it fails. */
async function failToBuild(
  t: TestContext,
  files: Record<string, string>,
  expected: { code: string; message: RegExp },
  options: Partial<BuildOptions> = {},
): Promise<void> {
  const folder = await temporaryFolder(t);
  const input = await copyProject(folder);
  await writeFiles(input, files);
  const outputFolder = join(folder, 'out');
  await assert.rejects(buildExecutables({ input, targets: [target], outputFolder, ...options }), expected);
  if (options.outputFolder === undefined) await assert.rejects(stat(outputFolder), { code: 'ENOENT' });
}

suite('bad input gets a clear error and leaves nothing half-written', () => {
  test('no such entry', async (t) => {
    await failToBuild(
      t,
      {},
      { code: 'BUILD_ENTRY_NOT_FOUND', message: /no file or folder .*nowhere/ },
      { input: '/nowhere' },
    );
    await failToBuild(
      t,
      { 'package.json': '{"name":"x","mainstay":{"entry":"src/gone.ts"}}' },
      { code: 'BUILD_ENTRY_NOT_FOUND', message: /src\/gone\.ts/ },
    );
  });

  test('a package.json that cannot be used', async (t) => {
    await failToBuild(
      t,
      { 'package.json': '{"name":' },
      { code: 'BUILD_BAD_PROJECT', message: /package\.json/ },
    );
    await failToBuild(
      t,
      { 'package.json': '{"name":"x","version":"one"}' },
      { code: 'BUILD_BAD_PROJECT', message: /"one".*semantic version/ },
    );
    await failToBuild(
      t,
      { 'package.json': '{"name":"Näme"}' },
      { code: 'BUILD_BAD_PROJECT', message: /name of a service/ },
    );
  });

  test('an unknown target', async (t) => {
    await failToBuild(
      t,
      {},
      { code: 'BUILD_UNKNOWN_TARGET', message: /did you mean linux-arm64/ },
      { targets: ['linux-arm46'] },
    );
  });

  test('TypeScript errors, as tsc shows them; none without the type check', async (t) => {
    const files = {
      'src/main.ts': 'export const port: number = "80";\nexport const probe = async () => ({});\n',
    };
    await failToBuild(t, files, {
      code: 'BUILD_TYPE_ERRORS',
      message: /1 error .*\n.*src\/main\.ts\(1,14\): error TS2322/s,
    });
    const folder = await temporaryFolder(t);
    const input = await copyProject(folder);
    await writeFiles(input, files);
    await buildExecutables({ input, targets: [target], outputFolder: join(folder, 'out'), typeCheck: false });
  });

  test('a syntax error and an import that does not resolve', async (t) => {
    const options = { typeCheck: false };
    await failToBuild(
      t,
      { 'src/main.ts': 'export const = 1;' },
      { code: 'BUILD_BUNDLE_FAILED', message: /src\/main\.ts:1:13/ },
      options,
    );
    await failToBuild(
      t,
      { 'src/main.ts': "import 'missing-package';" },
      { code: 'BUILD_BUNDLE_FAILED', message: /Could not resolve "missing-package"/ },
      options,
    );
  });

  test('an icon that is none', async (t) => {
    await failToBuild(
      t,
      {},
      { code: 'BUILD_BAD_ICON', message: /is not an \.ico file/ },
      { icon: import.meta.filename },
    );
    await failToBuild(
      t,
      {},
      { code: 'BUILD_BAD_ICON', message: /Cannot read the icon/ },
      { icon: '/nowhere.ico' },
    );
  });

  test('an output folder below a file', async (t) => {
    await failToBuild(
      t,
      {},
      { code: 'BUILD_OUTPUT_NOT_WRITABLE', message: /Cannot write to/ },
      { outputFolder: join(import.meta.filename, 'out') },
    );
  });

  test(
    'a full disk and a read-only one',
    { skip: !canMount && 'mounting needs root on Linux' },
    async (t) => {
      for (const [mountOptions, code] of [
        ['size=1m', 'BUILD_NO_SPACE'],
        ['ro,size=1m', 'BUILD_OUTPUT_NOT_WRITABLE'],
      ] as const) {
        const disk = await temporaryFolder(t);
        execFileSync('mount', ['-t', 'tmpfs', '-o', mountOptions, 'tmpfs', disk]);
        try {
          await failToBuild(
            t,
            {},
            { code, message: new RegExp(disk) },
            { outputFolder: disk, typeCheck: false },
          );
          assert.deepEqual(await readdir(disk), []);
        } finally {
          execFileSync('umount', [disk]);
        }
      }
    },
  );
});

suite('native addons', () => {
  const addon = {
    'node_modules/fast-thing/package.json': '{"name":"fast-thing","version":"2.0.0","main":"index.js"}',
    'node_modules/fast-thing/index.js': "module.exports = require('node-gyp-build')(__dirname);",
    'src/main.ts':
      "// @ts-ignore\nimport thing from 'fast-thing';\nexport const probe = async () => ({ thing: typeof thing.load });\n",
  };

  test(
    'the binary of the target travels in the executable; a target without one is refused',
    { skip: target !== 'linux-x64' },
    async (t) => {
      const folder = await temporaryFolder(t);
      const input = await copyProject(folder);
      await writeFiles(input, addon);
      // Any addon serves; this one is here.
      const koffi = packageFolderFrom('@koromix/koffi-linux-x64', []) ?? '';
      const prebuilt = join(input, 'node_modules/fast-thing/prebuilds/linux-x64');
      await mkdir(prebuilt, { recursive: true });
      await copyFile(join(koffi, 'linux_x64/koffi.node'), join(prebuilt, 'node.napi.node'));
      const options = { input, outputFolder: join(folder, 'out'), typeCheck: false };

      await assert.rejects(buildExecutables({ ...options, targets: ['linux-x64', 'win-x64'] }), {
        code: 'BUILD_NATIVE_ADDON_MISSING',
        message: /fast-thing@2\.0\.0 .* for win-x64 \(it has linux-x64\)/,
      });
      await assert.rejects(stat(options.outputFolder), { code: 'ENOENT' });

      await buildExecutables({ ...options, targets: ['linux-x64'] });
      const { exitCode, stdout, stderr } = await run(join(options.outputFolder, 'plain-linux-x64'), []);
      assert.equal(exitCode, 0, stderr);
      const report = JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as {
        assets: string[];
        probe: object;
      };
      assert.ok(report.assets.includes('native/fast-thing'));
      assert.deepEqual(report.probe, { thing: 'function' });
    },
  );

  test('an addon without any binary is refused', async (t) => {
    const folder = await temporaryFolder(t);
    const input = await copyProject(folder);
    await writeFiles(input, addon);
    await assert.rejects(
      buildExecutables({ input, targets: [target], outputFolder: join(folder, 'out'), typeCheck: false }),
      {
        code: 'BUILD_NATIVE_ADDON_MISSING',
        message: /none that is installed here/,
      },
    );
    assert.ok((await readFile(join(input, 'package.json'), 'utf8')).length > 0);
  });
});
