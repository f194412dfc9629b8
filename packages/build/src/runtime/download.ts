import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { messageOf } from '@mainstay/core';
import registryFetch from 'npm-registry-fetch';
import { Parser } from 'tar';
import { buildErrors } from '../errors.ts';
import { failureCode } from '../output/failure.ts';
import type { NpmSettings } from './npm-settings.ts';
import type { PinnedFile } from './pinned.ts';

export interface DownloadOptions {
  readonly settings: NpmSettings;
  readonly signal: AbortSignal;
  /** Bytes of the compressed package so far, and in all if the registry says so. */
  readonly onBytes: (received: number, total: number | undefined) => void;
}

/** One version of an npm package, by content. */
export interface PinnedPackage {
  readonly name: string;
  readonly version: string;
  /** Subresource integrity of the tarball, as in package-lock.json; has to hold a SHA-512. */
  readonly integrity: string;
}

/** The base64 digest in the integrity. @throws AppError BUILD_INTEGRITY_MISMATCH when there is none */
export function sha512Of({ name, version, integrity }: PinnedPackage): string {
  const digest = /(?:^|\s)sha512-([A-Za-z0-9+/]+=*)(?:\?\S*)?(?:\s|$)/.exec(integrity)?.[1];
  if (digest !== undefined) return digest;
  throw buildErrors.error(
    'BUILD_INTEGRITY_MISMATCH',
    `The integrity of ${name}@${version} has no SHA-512 ("${integrity}"); nothing was downloaded`,
  );
}

/**
 * Downloads a package and writes its pinned file to `destination`, checking the package against its pinned integrity
 * while it streams. What is at `destination` after a failure is not to be used.
 *
 * @throws AppError BUILD_DOWNLOAD_FAILED, BUILD_INTEGRITY_MISMATCH
 */
export async function downloadFile(
  pinned: PinnedFile,
  destination: string,
  options: DownloadOptions,
): Promise<void> {
  await download(pinned, options, (chunks) => extractOne(chunks, `package/${pinned.file}`, destination));
}

/** Downloads a package's tarball to `destination`; otherwise as {@link downloadFile}. */
export async function downloadPackage(
  pinned: PinnedPackage,
  destination: string,
  options: DownloadOptions,
): Promise<void> {
  await download(pinned, options, (chunks) =>
    pipeline(chunks, createWriteStream(destination, { mode: 0o600 })),
  );
}

async function download(
  pinned: PinnedPackage,
  options: DownloadOptions,
  consume: (chunks: AsyncIterable<Buffer>) => Promise<void>,
): Promise<void> {
  const spec = `${pinned.name}@${pinned.version}`;
  const wanted = sha512Of(pinned);
  const fetchOptions = { ...options.settings, signal: options.signal, spec };
  try {
    const url = await tarballUrl(pinned, fetchOptions);
    const response = await registryFetch(url, fetchOptions);
    const length = Number(response.headers.get('content-length'));
    const digest = createHash('sha512');
    let received = 0;
    async function* metered(): AsyncGenerator<Buffer> {
      for await (const chunk of response.body as AsyncIterable<Buffer>) {
        options.signal.throwIfAborted();
        digest.update(chunk);
        received += chunk.length;
        options.onBytes(received, length > 0 ? length : undefined);
        yield chunk;
      }
    }
    await consume(metered());
    const actual = digest.digest('base64');
    if (actual !== wanted) throw mismatch(spec, actual, wanted);
  } catch (cause) {
    options.signal.throwIfAborted();
    // A full or read-only disk is not the network's fault.
    if (isIntegrityError(cause) || isFileSystemError(cause)) throw cause;
    throw buildErrors.error(
      'BUILD_DOWNLOAD_FAILED',
      `Could not download ${spec} from the npm registry: ${messageOf(cause)}; check the network and the registry, proxy and certificate settings of npm`,
      { cause, details: { package: spec } },
    );
  }
}

const fileSystemCodes = new Set(['ENOSPC', 'EDQUOT', 'EACCES', 'EPERM', 'EROFS', 'EIO', 'EMFILE']);

/** The tarball's address as the registry gives it, on the registry's own host if it names npm's default one. */
async function tarballUrl(pinned: PinnedPackage, options: Record<string, unknown>): Promise<string> {
  const spec = `${pinned.name}@${pinned.version}`;
  const manifest = (await registryFetch.json(
    `/${pinned.name.replace('/', '%2f')}/${pinned.version}`,
    options,
  )) as {
    dist?: { tarball?: string };
  };
  const tarball = manifest.dist?.tarball;
  if (tarball === undefined) throw new Error(`the registry names no tarball for ${spec}`);
  const configured = new URL(registryFetch.pickRegistry(spec, options));
  const standard = new URL(registryFetch.pickRegistry(pinned.name.replace(/^@[^/]+\//, ''), {}));
  const url = new URL(tarball);
  if (url.host === standard.host && configured.host !== standard.host) {
    return new URL(url.pathname.replace(/^\//, ''), configured).href;
  }
  return url.href;
}

/** Reads the whole stream, so that its hash covers every byte, and writes the one wanted file. */
async function extractOne(source: AsyncIterable<Buffer>, path: string, destination: string): Promise<void> {
  const writes: Promise<void>[] = [];
  const parser = new Parser({
    strict: true,
    onReadEntry(entry) {
      if (entry.path !== path) {
        entry.resume();
        return;
      }
      const write = pipeline(
        entry as unknown as AsyncIterable<Buffer>,
        createWriteStream(destination, { mode: 0o600 }),
      );
      // Its failure is reported by the await below; until then it must not count as unhandled.
      write.catch(() => entry.resume());
      writes.push(write);
    },
  });
  const failed = new Promise<never>((_, reject) => parser.on('error', reject));
  const read = async (): Promise<void> => {
    for await (const chunk of source) if (!parser.write(chunk)) await once(parser, 'drain');
    const ended = once(parser, 'end');
    parser.end();
    await ended;
  };
  await Promise.race([read(), failed]);
  await Promise.all(writes);
  if (writes.length === 0) throw new Error(`it holds no file ${path}`);
}

function mismatch(spec: string, actual: string, wanted: string): Error {
  return buildErrors.error(
    'BUILD_INTEGRITY_MISMATCH',
    `The registry served another ${spec} than the pinned one (${actual.slice(0, 20)}… instead of ${wanted.slice(0, 20)}…); nothing of it was used`,
    { details: { package: spec, actual, wanted } },
  );
}

function isFileSystemError(error: unknown): boolean {
  const code = failureCode(error);
  // A firewall's refusal has codes of the file system too.
  const isOfConnection = error instanceof Error && 'syscall' in error && error.syscall === 'connect';
  return code !== undefined && fileSystemCodes.has(code) && !isOfConnection;
}

function isIntegrityError(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'BUILD_INTEGRITY_MISMATCH';
}
