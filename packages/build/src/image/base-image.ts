import { mkdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { messageOf } from '@mainstay/core';
import { extract } from 'tar';
import { buildErrors } from '../errors.ts';
import {
  digestOf,
  mediaType,
  type Blob,
  type Descriptor,
  type Digest,
  type ImageConfig,
  type ImageIndex,
  type ImageManifest,
  type Platform,
} from './oci.ts';

/** An image that another one is built on. */
export interface BaseImage {
  /** Of its manifest. */
  readonly digest: Digest;
  readonly config: ImageConfig;
  readonly rootfs: ImageConfig['rootfs'];
  readonly history: ImageConfig['history'];
  readonly layers: readonly Blob[];
}

/** Docker's own names for what the OCI specification took over. */
const ociTypes: Readonly<Record<string, string>> = {
  'application/vnd.docker.distribution.manifest.list.v2+json': mediaType.index,
  'application/vnd.docker.distribution.manifest.v2+json': mediaType.manifest,
  'application/vnd.docker.container.image.v1+json': mediaType.config,
  'application/vnd.docker.image.rootfs.diff.tar': mediaType.layer,
  'application/vnd.docker.image.rootfs.diff.tar.gzip': `${mediaType.layer}+gzip`,
};

/**
 * Reads an image from an OCI image layout, a folder or an archive of one (`skopeo copy … oci:FOLDER`, `docker save` since
 * version 25). Every blob is checked against the digest that names it.
 *
 * @param scratch folder in which an archive may be unpacked; made when it is needed
 * @throws AppError BUILD_BAD_BASE_IMAGE
 */
export async function readBaseImage(path: string, platform: Platform, scratch: string): Promise<BaseImage> {
  try {
    const layout = await layoutFolder(path, scratch);
    const index = parse(await readFile(join(layout, 'index.json'))) as ImageIndex;
    const found = await findImage(layout, index, platform);
    if (found === undefined) throw new Error(`it has no image for ${platform.os}/${platform.architecture}`);
    const { digest, manifest, config } = found;
    const layers = await Promise.all(manifest.layers.map(async (layer) => await readBlob(layout, layer)));
    if (layers.length !== config.rootfs.diff_ids.length)
      throw new Error('its configuration and its manifest differ in the number of layers');
    return { digest, config, rootfs: config.rootfs, history: config.history, layers };
  } catch (cause) {
    throw buildErrors.error(
      'BUILD_BAD_BASE_IMAGE',
      `Cannot build on the image ${path}: ${messageOf(cause)}; name the folder or tar archive of an OCI image layout`,
      { cause, details: { path } },
    );
  }
}

async function layoutFolder(path: string, scratch: string): Promise<string> {
  if ((await stat(path)).isDirectory()) return path;
  await mkdir(scratch, { recursive: true });
  await extract({ file: path, cwd: scratch, strict: true });
  return scratch;
}

interface FoundImage {
  readonly digest: Digest;
  readonly manifest: ImageManifest;
  readonly config: ImageConfig;
}

/** The first image for the platform, in the index or in those that it names. */
async function findImage(
  layout: string,
  index: ImageIndex,
  platform: Platform,
): Promise<FoundImage | undefined> {
  for (const descriptor of index.manifests) {
    const type = ociTypes[descriptor.mediaType] ?? descriptor.mediaType;
    if (type === mediaType.index) {
      const inner = parse((await readBlob(layout, descriptor)).content[0]) as ImageIndex;
      const found = await findImage(layout, inner, platform);
      if (found !== undefined) return found;
    }
    if (type !== mediaType.manifest) continue;
    if (descriptor.platform !== undefined && !isSame(descriptor.platform, platform)) continue;
    const manifest = parse((await readBlob(layout, descriptor)).content[0]) as ImageManifest;
    const config = parse((await readBlob(layout, manifest.config)).content[0]) as ImageConfig;
    if (isSame(config, platform)) return { digest: descriptor.digest, manifest, config };
  }
  return undefined;
}

function isSame(a: Platform, b: Platform): boolean {
  return a.os === b.os && a.architecture === b.architecture;
}

async function readBlob(layout: string, descriptor: Descriptor): Promise<Blob> {
  const hex = /^sha256:([0-9a-f]{64})$/.exec(descriptor.digest)?.[1];
  if (hex === undefined) throw new Error(`the digest ${descriptor.digest} is not a SHA-256`);
  const content = [await readFile(join(layout, 'blobs', 'sha256', hex))];
  if (digestOf(content) !== descriptor.digest)
    throw new Error(`the blob ${descriptor.digest} is damaged: its content has another hash`);
  const type = ociTypes[descriptor.mediaType] ?? descriptor.mediaType;
  return {
    descriptor: { mediaType: type, digest: descriptor.digest, size: content[0]?.length ?? 0 },
    content,
  };
}

function parse(bytes: Uint8Array | undefined): unknown {
  return JSON.parse(Buffer.from(bytes ?? []).toString('utf8'));
}
