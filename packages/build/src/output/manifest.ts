import type { Target } from '../targets.ts';

/** Content of manifest.json beside the executables. The same input gives the same manifest. */
export interface BuildManifest {
  readonly schema: 1;
  readonly service: {
    readonly name: string;
    readonly displayName: string;
    readonly version: string;
    readonly commit?: string;
  };
  readonly mainstay: string;
  /** SHA-256 of the bundled program, which all executables share. */
  readonly program: { readonly sha256: string; readonly bytes: number };
  readonly files: readonly ManifestFile[];
}

export interface ManifestFile {
  readonly target: Target;
  /** File name, in the folder of the manifest. */
  readonly file: string;
  readonly sha256: string;
  readonly bytes: number;
  /** Whether the signing command ran on it; then its bytes differ from build to build if the signature does. */
  readonly signed: boolean;
  readonly node: string;
  readonly koffi: string;
  /** What the file was made of besides the program. */
  readonly inputs: readonly {
    /** `name@version` of an npm package. */
    readonly package: string;
    /** Of the package; absent for an addon that was taken from node_modules. */
    readonly integrity?: string;
    /** Of the file that was taken from it. */
    readonly sha256: string;
  }[];
  /** Present when an image was asked for and the target is a Linux. */
  readonly image?: ManifestImage;
}

/** A container image around the same file. */
export interface ManifestImage {
  /** Archive of an OCI image layout, in the folder of the manifest. */
  readonly file: string;
  readonly sha256: string;
  readonly bytes: number;
  /** Digest of the image manifest, by which a registry knows the image. */
  readonly digest: string;
  /** `name:version`, under which it is loaded. */
  readonly reference: string;
  /** Digest of the image that it is built on. */
  readonly base?: string;
  /** What was taken from the machine that built, when there is no base. */
  readonly libraries?: readonly { readonly path: string; readonly sha256: string }[];
}
