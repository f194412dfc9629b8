import { createHash } from 'node:crypto';
import { byteLength } from './tar-archive.ts';

/** Types of the OCI image specification 1.1 ("Image Media Types"). */
export const mediaType = {
  index: 'application/vnd.oci.image.index.v1+json',
  manifest: 'application/vnd.oci.image.manifest.v1+json',
  config: 'application/vnd.oci.image.config.v1+json',
  /**
   * Not compressed: the same layer gives the same bytes whatever the compressor's version and processor. Registries and
   * their clients compress on the way.
   */
  layer: 'application/vnd.oci.image.layer.v1.tar',
} as const;

/** `sha256:` and 64 hexadecimal digits. */
export type Digest = string;

export interface Platform {
  readonly os: string;
  readonly architecture: string;
}

export interface Descriptor {
  readonly mediaType: string;
  readonly digest: Digest;
  /** In bytes. */
  readonly size: number;
  readonly platform?: Platform;
  readonly annotations?: Readonly<Record<string, string>>;
}

export interface ImageManifest {
  readonly schemaVersion: 2;
  readonly mediaType: string;
  readonly config: Descriptor;
  readonly layers: readonly Descriptor[];
}

export interface ImageIndex {
  readonly schemaVersion: 2;
  readonly mediaType: string;
  readonly manifests: readonly Descriptor[];
}

export interface HistoryEntry {
  readonly created?: string;
  readonly created_by?: string;
  readonly comment?: string;
  readonly empty_layer?: boolean;
}

/** Image configuration; fields that we do not touch are kept from a base image. */
export interface ImageConfig extends Platform {
  readonly created?: string;
  readonly config?: {
    readonly User?: string;
    readonly Env?: readonly string[];
    readonly Entrypoint?: readonly string[] | null;
    readonly Cmd?: readonly string[] | null;
    readonly WorkingDir?: string;
    readonly StopSignal?: string;
    readonly Labels?: Readonly<Record<string, string>> | null;
    readonly [other: string]: unknown;
  };
  readonly rootfs: { readonly type: 'layers'; readonly diff_ids: readonly Digest[] };
  readonly history?: readonly HistoryEntry[];
  readonly [other: string]: unknown;
}

/** Content with the descriptor that names it. */
export interface Blob {
  readonly descriptor: Descriptor;
  readonly content: readonly Uint8Array[];
}

export function blobOf(type: string, content: readonly Uint8Array[]): Blob {
  return { descriptor: { mediaType: type, digest: digestOf(content), size: byteLength(content) }, content };
}

export function jsonBlob(type: string, value: object): Blob {
  return blobOf(type, [Buffer.from(JSON.stringify(value))]);
}

export function digestOf(content: readonly Uint8Array[]): Digest {
  const hash = createHash('sha256');
  for (const part of content) hash.update(part);
  return `sha256:${hash.digest('hex')}`;
}
