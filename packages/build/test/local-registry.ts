import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { create } from 'tar';
import { temporaryFolder, writeFiles } from './project-fixture.ts';

export interface LocalRegistry {
  readonly url: string;
  /** Integrity of each package by `name@version`. */
  readonly integrity: ReadonlyMap<string, string>;
  /** Paths of the tarballs that were asked for. */
  readonly downloads: string[];
}

/** A registry on loopback that serves packages made of the given files. */
export async function startLocalRegistry(
  t: TestContext,
  packages: Readonly<Record<string, Readonly<Record<string, string | Uint8Array>>>>,
): Promise<LocalRegistry> {
  const folder = await temporaryFolder(t);
  const tarballs = new Map<string, Buffer>();
  const integrity = new Map<string, string>();
  for (const [index, [spec, files]] of Object.entries(packages).entries()) {
    const source = join(folder, String(index));
    const inPackage = Object.entries(files).map(([path, content]) => [`package/${path}`, content] as const);
    await writeFiles(source, Object.fromEntries(inPackage));
    await create({ gzip: true, file: join(source, 'p.tgz'), cwd: source }, ['package']);
    const tarball = await readFile(join(source, 'p.tgz'));
    tarballs.set(spec, tarball);
    integrity.set(spec, `sha512-${createHash('sha512').update(tarball).digest('base64')}`);
  }
  const downloads: string[] = [];
  const server = createServer((request, response) => {
    const path = decodeURIComponent(request.url ?? '').slice(1);
    const tarball = tarballs.get(path.replace(/^tarballs\//, ''));
    if (tarball !== undefined && path.startsWith('tarballs/')) {
      downloads.push(path);
      response.end(tarball);
      return;
    }
    const spec = path.replace(/\/([^/]+)$/, '@$1');
    if (!tarballs.has(spec)) response.writeHead(404).end('{}');
    else {
      response
        .setHeader('content-type', 'application/json')
        .end(JSON.stringify({ dist: { tarball: `${url}tarballs/${encodeURIComponent(spec)}` } }));
    }
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  t.after(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  return { url, integrity, downloads };
}
