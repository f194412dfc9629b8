import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { readdir, readFile, utimes, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { dirname, join } from 'node:path';
import { suite, test, type TestContext } from 'node:test';
import { create } from 'tar';
import type { BuildEvent } from '../../src/index.ts';
import type { PinnedFile } from '../../src/runtime/pinned.ts';
import { RuntimeStore } from '../../src/runtime/runtime-store.ts';
import { temporaryFolder, writeFiles } from '../project-fixture.ts';

const content = Buffer.alloc(300_000, 'runtime ');

interface Registry {
  readonly store: RuntimeStore;
  readonly pinned: PinnedFile;
  readonly events: BuildEvent[];
  readonly authorization: (string | undefined)[];
  tarballRequests: number;
  stop(): Promise<void>;
}

/** A registry on loopback with one package, and a store that is set up for it. */
async function startRegistry(t: TestContext, change: Partial<PinnedFile> = {}): Promise<Registry> {
  const folder = await temporaryFolder(t);
  await writeFiles(folder, {
    'package/bin/node': content,
    'package/package.json': '{}',
    'package/README.md': 'x',
  });
  await create({ gzip: true, file: join(folder, 'p.tgz'), cwd: folder }, ['package']);
  const tarball = await readFile(join(folder, 'p.tgz'));
  const pinned: PinnedFile = {
    name: '@scope/node-test',
    version: '1.0.0',
    file: 'bin/node',
    integrity: `sha512-${createHash('sha512').update(tarball).digest('base64')}`,
    sha256: createHash('sha256').update(content).digest('hex'),
    bytes: content.length,
    ...change,
  };
  const server = createServer((request, response) => {
    registry.authorization.push(request.headers.authorization);
    if (request.url?.endsWith('.tgz')) {
      registry.tarballRequests++;
      response.setHeader('content-length', tarball.length).end(tarball);
    } else if (request.url === '/npm/@scope%2fnode-test/1.0.0') {
      response
        .setHeader('content-type', 'application/json')
        .end(JSON.stringify({ dist: { tarball: `${url}files/p.tgz` } }));
    } else response.writeHead(404).end('{}');
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/npm/`;
  const events: BuildEvent[] = [];
  const settings = {
    registry: url,
    [`//127.0.0.1:${(server.address() as AddressInfo).port}/npm/:_authToken`]: 'secret',
    fetchRetries: 0,
  };
  const registry: Registry = {
    pinned,
    events,
    authorization: [],
    tarballRequests: 0,
    store: new RuntimeStore({
      cacheFolder: join(folder, 'cache'),
      loadSettings: () => Promise.resolve(settings),
      onProgress: (event) => events.push(event),
      signal: new AbortController().signal,
    }),
    async stop() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  t.after(() => registry.stop());
  return registry;
}

suite('runtimes come from the registry once, and are checked on every use', () => {
  test('download with credentials and progress, then from the cache', async (t) => {
    const registry = await startRegistry(t);
    await registry.store.ensure(registry.pinned, 'linux-x64');
    assert.deepEqual(await registry.store.read(registry.pinned, 'linux-x64'), content);
    assert.equal(registry.tarballRequests, 1);
    assert.ok(registry.authorization.every((header) => header === 'Bearer secret'));
    const progress = registry.events.filter((event) => event.type === 'download-progress');
    assert.equal(progress.at(-1)?.receivedBytes, progress.at(-1)?.totalBytes);
    assert.equal(registry.events.find((event) => event.type === 'runtime-ready')?.source, 'download');
    await registry.store.ensure(registry.pinned, 'linux-x64');
    assert.equal(registry.events.findLast((event) => event.type === 'runtime-ready')?.source, 'cache');
  });

  test('a damaged cache entry is reported and fetched again once', async (t) => {
    const registry = await startRegistry(t);
    await registry.store.read(registry.pinned, 'linux-x64');
    const file = registry.store.fileOf(registry.pinned);
    const damaged = Buffer.from(content);
    damaged[1000] = 0;
    await writeFile(file, damaged);
    assert.deepEqual(await registry.store.read(registry.pinned, 'linux-x64'), content);
    assert.equal(registry.events.filter((event) => event.type === 'warning').length, 1);
    assert.equal(registry.tarballRequests, 2);
    assert.deepEqual(await readFile(file), content);
  });

  test('a damaged cache entry without the network is an error, not a broken runtime', async (t) => {
    const registry = await startRegistry(t);
    await registry.store.read(registry.pinned, 'linux-x64');
    await writeFile(registry.store.fileOf(registry.pinned), 'short');
    await registry.stop();
    await assert.rejects(registry.store.read(registry.pinned, 'linux-x64'), {
      code: 'BUILD_DOWNLOAD_FAILED',
      message: /@scope\/node-test@1\.0\.0 .*ECONNREFUSED/,
    });
  });

  test('what a killed build left half-downloaded is removed after a day, not before', async (t) => {
    const registry = await startRegistry(t);
    const file = registry.store.fileOf(registry.pinned);
    const dayBefore = new Date(Date.now() - 25 * 3_600_000);
    await writeFiles(dirname(file), { 'old.tmp': 'half', 'new.tmp': 'half' });
    await utimes(join(dirname(file), 'old.tmp'), dayBefore, dayBefore);
    await registry.store.read(registry.pinned, 'linux-x64');
    assert.deepEqual((await readdir(dirname(file))).sort(), [registry.pinned.sha256, 'new.tmp'].sort());
  });

  test('another package, or another file in it, than the pinned one is not used', async (t) => {
    for (const change of [{ integrity: 'sha512-AAAA' }, { sha256: '0'.repeat(64) }]) {
      const registry = await startRegistry(t, change);
      await assert.rejects(registry.store.read(registry.pinned, 'linux-x64'), {
        code: 'BUILD_INTEGRITY_MISMATCH',
      });
      assert.deepEqual(await readdir(dirname(registry.store.fileOf(registry.pinned))), []);
    }
  });

  test('builds that run at once do not disturb each other', async (t) => {
    const registry = await startRegistry(t);
    const all = await Promise.all(
      Array.from({ length: 4 }, () => registry.store.read(registry.pinned, 'linux-x64')),
    );
    assert.ok(all.every((bytes) => bytes.equals(content)));
    assert.deepEqual(await readdir(dirname(registry.store.fileOf(registry.pinned))), [
      registry.pinned.sha256,
    ]);
  });

  test('a package that the registry does not have', async (t) => {
    const registry = await startRegistry(t, { version: '9.9.9' });
    await assert.rejects(registry.store.read(registry.pinned, 'linux-x64'), {
      code: 'BUILD_DOWNLOAD_FAILED',
      message: /404/,
    });
  });
});
