import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join, posix } from 'node:path';
import { buildErrors } from '../errors.ts';
import { platformOf, type Target } from '../targets.ts';
import { readDynamicInfo } from './elf-dynamic.ts';

/** A shared library of the image. */
export interface SharedLibrary {
  /** Absolute path in the image: where the loader of the same C library looks without being told. */
  readonly path: string;
  readonly sha256: string;
  readonly content: Buffer;
}

/** Debian's multiarch names; the x64 and arm64 of ELF's e_machine. */
const architectures = {
  x64: { triplet: 'x86_64-linux-gnu', machine: 0x3e },
  arm64: { triplet: 'aarch64-linux-gnu', machine: 0xb7 },
} as const;

/**
 * Loaded by the C library itself to look up users and host names. Since glibc 2.34 they are part of libc.so.6 and what
 * is left of them is small; before it, names would not resolve without them.
 */
const nameServices = ['libnss_files.so.2', 'libnss_dns.so.2', 'libresolv.so.2'];

/**
 * Collects the shared libraries that the files of an image need, and those that these need, from a root file system.
 *
 * @param files the executable and the libraries that it carries
 * @param root folder that holds `lib` and `usr` of a Linux with glibc of the target's architecture
 * @throws AppError BUILD_IMAGE_LIBRARY_MISSING
 */
export async function collectSharedLibraries(
  files: readonly Buffer[],
  root: string,
  target: Target,
): Promise<SharedLibrary[]> {
  const { triplet, machine } = architectures[platformOf(target).arch];
  const folders = [`/lib/${triplet}`, `/usr/lib/${triplet}`, '/lib64', '/usr/lib64', '/lib', '/usr/lib'];
  const found = new Map<string, SharedLibrary>();

  const load = async (path: string): Promise<Buffer | undefined> => {
    const content = await readFile(join(root, path)).catch(() => undefined);
    return content !== undefined && readDynamicInfo(content)?.machine === machine ? content : undefined;
  };
  const add = async (name: string, path: string, content: Buffer): Promise<void> => {
    found.set(name, { path, content, sha256: createHash('sha256').update(content).digest('hex') });
    await addNeeded(content, path);
  };
  const find = async (name: string): Promise<boolean> => {
    if (found.has(name)) return true;
    for (const folder of folders) {
      const content = await load(posix.join(folder, name));
      if (content === undefined) continue;
      await add(name, posix.join(folder, name), content);
      return true;
    }
    return false;
  };
  const addNeeded = async (content: Buffer, neededBy: string): Promise<void> => {
    const info = readDynamicInfo(content);
    // The loader first: its path is absolute, and what names it as a library gets the same file.
    if (info?.interpreter !== undefined && !found.has(posix.basename(info.interpreter))) {
      const loader = await load(info.interpreter);
      if (loader === undefined) throw missing(info.interpreter, neededBy, root, target);
      await add(posix.basename(info.interpreter), info.interpreter, loader);
    }
    for (const name of info?.needed ?? []) {
      if (!(await find(name))) throw missing(name, neededBy, root, target);
    }
  };

  for (const content of files) await addNeeded(content, 'the executable');
  for (const name of nameServices) await find(name);
  return [...found.values()].sort((a, b) => (a.path < b.path ? -1 : 1));
}

function missing(name: string, neededBy: string, root: string, target: Target): Error {
  return buildErrors.error(
    'BUILD_IMAGE_LIBRARY_MISSING',
    `No ${name} for ${target} in ${root} (needed by ${neededBy}); name a folder with the file system of a ${target} Linux with glibc (--image-root), or an image to build on (--image-base)`,
    { details: { library: name, root, target } },
  );
}
