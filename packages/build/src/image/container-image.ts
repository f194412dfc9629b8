import type { Project } from '../project/load-project.ts';
import { platformOf, type Target } from '../targets.ts';
import type { BaseImage } from './base-image.ts';
import { imageUser, rootLayer, serviceFile, serviceLayer } from './image-files.ts';
import {
  blobOf,
  jsonBlob,
  mediaType,
  type Blob,
  type Digest,
  type HistoryEntry,
  type ImageConfig,
  type ImageIndex,
  type ImageManifest,
  type Platform,
} from './oci.ts';
import type { SharedLibrary } from './shared-libraries.ts';
import { tarArchive, type TarEntry } from './tar-archive.ts';

export interface ContainerImageInput {
  readonly project: Project;
  readonly target: Target;
  readonly commit: string | undefined;
  readonly executable: Buffer;
  /** What the executable stands on: an image, or the libraries for one of our own. */
  readonly under: { readonly base: BaseImage } | { readonly libraries: readonly SharedLibrary[] };
}

export interface ContainerImage {
  /** A tar archive of an OCI image layout that is a `docker save` archive as well. */
  readonly archive: readonly Uint8Array[];
  /** Digest of the image manifest: what a registry calls the image once it is pushed as it is. */
  readonly digest: Digest;
  /** `name:version` */
  readonly reference: string;
}

/** The image does not say when it was built: the same input gives the same bytes. */
const created = '1970-01-01T00:00:00Z';

/** The image platform of a Linux target, in Go's names. */
export function imagePlatform(target: Target): Platform {
  return { os: 'linux', architecture: platformOf(target).arch === 'x64' ? 'amd64' : 'arm64' };
}

/** Makes an image around the executable (OCI image specification 1.1). */
export function containerImage(input: ContainerImageInput): ContainerImage {
  const { project, target, under } = input;
  const base = 'base' in under ? under.base : undefined;
  const service = layer(serviceLayer(project.name, input.executable));
  const added = 'base' in under ? [service] : [layer(rootLayer(under.libraries)), service];
  const layers = [...(base?.layers ?? []), ...added];

  const config = jsonBlob(mediaType.config, imageConfig(input, base?.config, added));
  const manifest = jsonBlob(mediaType.manifest, {
    schemaVersion: 2,
    mediaType: mediaType.manifest,
    config: config.descriptor,
    layers: layers.map(({ descriptor }) => descriptor),
  } satisfies ImageManifest);
  const repository = repositoryName(project.name);
  const tag = project.version.replace(/[^\w.-]/g, '-').slice(0, 128);
  const index: ImageIndex = {
    schemaVersion: 2,
    mediaType: mediaType.index,
    manifests: [
      {
        ...manifest.descriptor,
        platform: imagePlatform(target),
        annotations: {
          // The first is what skopeo and podman look for, the second what Docker and containerd do.
          'org.opencontainers.image.ref.name': tag,
          'io.containerd.image.name': `docker.io/library/${repository}:${tag}`,
        },
      },
    ],
  };
  const reference = `${repository}:${tag}`;
  return {
    archive: archive(index, { config, manifest, layers, reference }),
    digest: manifest.descriptor.digest,
    reference,
  };
}

function layer(entries: readonly TarEntry[]): Blob {
  return blobOf(mediaType.layer, tarArchive(entries));
}

function imageConfig(
  { project, target, commit }: ContainerImageInput,
  base: ImageConfig | undefined,
  added: readonly Blob[],
): ImageConfig {
  const { name, displayName, description, version, author, license } = project;
  const label = (key: string, value: string | undefined): object =>
    value === undefined ? {} : { [`org.opencontainers.image.${key}`]: value };
  const environment = { STATE_DIRECTORY: `/var/lib/${name}`, CONFIGURATION_DIRECTORY: `/etc/${name}` };
  const inherited = (base?.config?.Env ?? []).filter(
    (line) => !Object.hasOwn(environment, line.replace(/=.*$/s, '')),
  );
  const history = added.map((_, index): HistoryEntry => ({
    created,
    created_by:
      index === added.length - 1 ? 'mainstay build: the service' : 'mainstay build: shared libraries',
  }));
  return {
    ...base,
    ...imagePlatform(target),
    created,
    config: {
      ...base?.config,
      User: `${imageUser}:${imageUser}`,
      Env: [
        ...(inherited.length > 0 ? inherited : ['PATH=/']),
        ...Object.entries(environment).map(([key, value]) => `${key}=${value}`),
      ],
      Entrypoint: [`/${serviceFile}`, 'run'],
      Cmd: null,
      WorkingDir: `/var/lib/${name}`,
      // What the service drains at; SIGKILL follows after the runtime's grace period.
      StopSignal: 'SIGTERM',
      Labels: {
        ...base?.config?.Labels,
        ...label('title', displayName),
        ...label('description', description),
        ...label('version', version),
        ...label('revision', commit),
        ...label('vendor', author),
        ...label('licenses', license),
      },
    },
    rootfs: {
      type: 'layers',
      diff_ids: [...(base?.rootfs.diff_ids ?? []), ...added.map(({ descriptor }) => descriptor.digest)],
    },
    history: [...(base?.history ?? []), ...history],
  };
}

interface ArchiveParts {
  readonly config: Blob;
  readonly manifest: Blob;
  readonly layers: readonly Blob[];
  readonly reference: string;
}

/** OCI image layout ("OCI Image Layout Specification") with the file that `docker load` before version 25 asks for. */
function archive(index: ImageIndex, { config, manifest, layers, reference }: ArchiveParts): Uint8Array[] {
  const pathOf = ({ descriptor }: Blob): string => `blobs/${descriptor.digest.replace(':', '/')}`;
  const dockerManifest = [{ Config: pathOf(config), RepoTags: [reference], Layers: layers.map(pathOf) }];
  const json = (path: string, value: unknown): TarEntry => ({
    path,
    mode: 0o644,
    content: [Buffer.from(JSON.stringify(value))],
  });
  const blobs = new Map([config, manifest, ...layers].map((blob) => [pathOf(blob), blob.content]));
  return tarArchive([
    json('oci-layout', { imageLayoutVersion: '1.0.0' }),
    json('index.json', index),
    json('manifest.json', dockerManifest),
    { path: 'blobs', mode: 0o755 },
    { path: 'blobs/sha256', mode: 0o755 },
    ...[...blobs].map(([path, content]) => ({ path, mode: 0o644, content })),
  ]);
}

/** A service's name in the narrower form of an image's (OCI distribution specification, "name"). */
function repositoryName(name: string): string {
  return name.replace(/([._-])[._-]+/g, '$1').replace(/[._-]$/, '');
}
