import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { suite, test, type TestContext } from 'node:test';
import { addonAssets, type AddonAssets } from '../../src/bundle/addon-assets.ts';
import { bundleProject } from '../../src/bundle/bundle.ts';
import { nativeAddons } from '../../src/bundle/native-addons.ts';
import { loadProject } from '../../src/project/load-project.ts';
import { RuntimeStore } from '../../src/runtime/runtime-store.ts';
import type { Target } from '../../src/index.ts';
import { startLocalRegistry, type LocalRegistry } from '../local-registry.ts';
import { copyProject, temporaryFolder, writeFiles } from '../project-fixture.ts';

const platforms = {
  'linux-x64-gnu': { os: ['linux'], cpu: ['x64'], libc: ['glibc'] },
  'linux-x64-musl': { os: ['linux'], cpu: ['x64'], libc: ['musl'] },
  'win32-x64-msvc': { os: ['win32'], cpu: ['x64'] },
  'darwin-universal': { os: ['darwin'] },
};
const names = Object.keys(platforms).map((platform) => `@fast/crc-${platform}`);

/** As napi-rs generates it: every platform's package is named, and one of them is there. */
const loaderSource = [
  'let binding;',
  "if (process.platform === 'never') { try { binding = require('./crc.linux-x64-gnu.node'); } catch {} }",
  ...names.map((name) => `if (!binding) { try { binding = require('${name}'); } catch {} }`),
  'module.exports = binding;',
].join('\n');

function binaryOf(platform: string): Buffer {
  return Buffer.from(`the addon for ${platform}`);
}

function packageFiles(platform: string, fields: object): Record<string, string | Uint8Array> {
  return {
    'package.json': JSON.stringify({
      ...fields,
      name: `@fast/crc-${platform}`,
      version: '1.2.3',
      main: `crc.${platform}.node`,
    }),
    [`crc.${platform}.node`]: binaryOf(platform),
  };
}

interface Fixture {
  readonly registry: LocalRegistry;
  assetsFor(target: Target): Promise<AddonAssets>;
  bundle(): Promise<string>;
}

interface FixtureOptions {
  readonly installed?: readonly (keyof typeof platforms)[];
  readonly lock?: (integrity: ReadonlyMap<string, string>) => object;
}

async function makeFixture(t: TestContext, options: FixtureOptions = {}): Promise<Fixture> {
  const all = Object.entries(platforms);
  const registry = await startLocalRegistry(
    t,
    Object.fromEntries(
      all.map(([platform, fields]) => [`@fast/crc-${platform}@1.2.3`, packageFiles(platform, fields)]),
    ),
  );
  const folder = await temporaryFolder(t);
  const input = await copyProject(folder);
  const lockEntries = all.map(([platform, fields]) => [
    `node_modules/@fast/crc-${platform}`,
    { ...fields, version: '1.2.3', integrity: registry.integrity.get(`@fast/crc-${platform}@1.2.3`) },
  ]);
  const lock = options.lock?.(registry.integrity) ?? { packages: Object.fromEntries(lockEntries) as object };
  const files: Record<string, string | Uint8Array> = {
    'package-lock.json': JSON.stringify(lock),
    'node_modules/@fast/crc/package.json': JSON.stringify({
      name: '@fast/crc',
      version: '1.2.3',
      optionalDependencies: Object.fromEntries(names.map((name) => [name, '1.2.3'])),
    }),
    'node_modules/@fast/crc/index.js': loaderSource,
    'src/main.ts': "import crc from '@fast/crc';\nexport const probe = async () => ({ crc });\n",
  };
  for (const platform of options.installed ?? []) {
    for (const [path, content] of Object.entries(packageFiles(platform, platforms[platform])))
      files[`node_modules/@fast/crc-${platform}/${path}`] = content;
  }
  await writeFiles(input, files);

  const project = await loadProject(input);
  const store = new RuntimeStore({
    cacheFolder: join(folder, 'cache'),
    loadSettings: () => Promise.resolve({ registry: registry.url, fetchRetries: 0 }),
    onProgress: () => undefined,
    signal: new AbortController().signal,
  });
  const bundle = async (): Promise<{ code: string; addons: ReturnType<typeof nativeAddons> }> => {
    const addons = nativeAddons();
    const { code } = await bundleProject({ project, plugins: [addons.plugin] });
    return { code, addons };
  };
  return {
    registry,
    async assetsFor(target) {
      const { addons } = await bundle();
      return await addonAssets(addons, target, (pinned, wanted) => store.readPackage(pinned, wanted));
    },
    bundle: async () => (await bundle()).code,
  };
}

suite('addons with a package per platform', () => {
  test('the installed one is taken, the others are fetched as package-lock.json has them', async (t) => {
    const fixture = await makeFixture(t, { installed: ['linux-x64-gnu'] });
    const here = await fixture.assetsFor('linux-x64');
    assert.deepEqual(here.assets.get('native/@fast/crc-linux-x64-gnu'), binaryOf('linux-x64-gnu'));
    assert.deepEqual(fixture.registry.downloads, []);

    const there = await fixture.assetsFor('win-x64');
    const key = 'native/@fast/crc-win32-x64-msvc';
    assert.deepEqual([...there.assets.keys()].sort(), [key, `${key}.sha256`]);
    const bytes = binaryOf('win32-x64-msvc');
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    assert.deepEqual(there.assets.get(key), bytes);
    assert.equal(there.assets.get(`${key}.sha256`)?.toString(), sha256);
    const spec = '@fast/crc-win32-x64-msvc@1.2.3';
    const integrity = fixture.registry.integrity.get(spec);
    assert.deepEqual(there.inputs, [{ package: spec, integrity, sha256 }]);
    // The second time from the cache.
    await fixture.assetsFor('win-x64');
    assert.equal(fixture.registry.downloads.length, 1);
  });

  test('a package without a list of processors is for all of them; musl is not for our glibc', async (t) => {
    const fixture = await makeFixture(t);
    const mac = await fixture.assetsFor('darwin-arm64');
    assert.deepEqual(mac.assets.get('native/@fast/crc-darwin-universal'), binaryOf('darwin-universal'));
    const linux = await fixture.assetsFor('linux-x64');
    assert.ok(linux.assets.has('native/@fast/crc-linux-x64-gnu'));
    assert.equal(linux.inputs.length, 1);
  });

  test('the bundle and the manifest are the same whatever is installed', async (t) => {
    const bare = await makeFixture(t);
    const installed = await makeFixture(t, { installed: ['linux-x64-gnu', 'win32-x64-msvc'] });
    assert.equal(await bare.bundle(), await installed.bundle());
    assert.deepEqual(
      (await bare.assetsFor('linux-x64')).inputs.map((input) => input.sha256),
      (await installed.assetsFor('linux-x64')).inputs.map((input) => input.sha256),
    );
  });

  test('a target that no package is for is refused with the targets that there are', async (t) => {
    const fixture = await makeFixture(t);
    await assert.rejects(fixture.assetsFor('win-arm64'), {
      code: 'BUILD_NATIVE_ADDON_MISSING',
      message: /@fast\/crc@1\.2\.3 .* for win-arm64 \(it has linux-x64, win-x64, darwin-x64, darwin-arm64\)/,
    });
    assert.deepEqual(fixture.registry.downloads, []);
  });

  test('without an entry in package-lock.json nothing is fetched', async (t) => {
    const fixture = await makeFixture(t, { installed: ['linux-x64-gnu'], lock: () => ({ packages: {} }) });
    await assert.rejects(fixture.assetsFor('win-x64'), {
      code: 'BUILD_NATIVE_ADDON_MISSING',
      message: /for win-x64 \(it has linux-x64\).*npm install --os=win32 --cpu=x64/,
    });
    assert.ok((await fixture.assetsFor('linux-x64')).assets.has('native/@fast/crc-linux-x64-gnu'));
    assert.deepEqual(fixture.registry.downloads, []);
  });

  test('another package than the locked one is not used', async (t) => {
    const fixture = await makeFixture(t, {
      lock: () => ({
        packages: {
          'node_modules/@fast/crc-win32-x64-msvc': {
            ...platforms['win32-x64-msvc'],
            version: '1.2.3',
            integrity: `sha512-${createHash('sha512').update('something else').digest('base64')}`,
          },
        },
      }),
    });
    await assert.rejects(fixture.assetsFor('win-x64'), { code: 'BUILD_INTEGRITY_MISMATCH' });
  });
});
