import { basename } from 'node:path';
import type { ManifestImage } from '../output/manifest.ts';
import type { Staging } from '../output/staging.ts';
import type { Project } from '../project/load-project.ts';
import type { Target } from '../targets.ts';
import { readBaseImage } from './base-image.ts';
import { containerImage, imagePlatform } from './container-image.ts';
import { digestOf } from './oci.ts';
import { collectSharedLibraries } from './shared-libraries.ts';
import { byteLength } from './tar-archive.ts';

export interface ImageOptions {
  /**
   * Folder with the file system of a Linux with glibc of the target's architecture, from which the shared libraries are
   * taken. @default `/`, the machine that builds
   */
  readonly root?: string;
  /** An OCI image layout, a folder or an archive, to build on in place of single libraries. */
  readonly base?: string;
}

export interface ImageInput {
  readonly project: Project;
  readonly target: Target;
  readonly commit: string | undefined;
  readonly executable: Buffer;
  /** Libraries that the executable loads while it runs; what they need has to be in the image too. */
  readonly embedded: readonly Buffer[];
}

/**
 * Makes the container image of a Linux executable in the staging folder.
 *
 * @throws AppError BUILD_IMAGE_LIBRARY_MISSING, BUILD_BAD_BASE_IMAGE, BUILD_NO_SPACE, BUILD_OUTPUT_NOT_WRITABLE
 */
export async function buildImage(
  { embedded, ...input }: ImageInput,
  options: ImageOptions,
  staging: Staging,
  signal: AbortSignal,
): Promise<ManifestImage> {
  const { project, target, executable } = input;
  const fileName = `${project.name}-${target}.oci.tar`;
  const under =
    options.base === undefined
      ? { libraries: await collectSharedLibraries([executable, ...embedded], options.root ?? '/', target) }
      : {
          base: await readBaseImage(
            options.base,
            imagePlatform(target),
            staging.pathOf(`${basename(fileName, '.oci.tar')}.base`),
          ),
        };
  const { archive, digest, reference } = containerImage({ ...input, under });
  await staging.write(fileName, archive, 0o644, signal);
  return {
    file: fileName,
    sha256: digestOf(archive).replace('sha256:', ''),
    bytes: byteLength(archive),
    digest,
    reference,
    ...('base' in under
      ? { base: under.base.digest }
      : { libraries: under.libraries.map(({ path, sha256 }) => ({ path, sha256 })) }),
  };
}
