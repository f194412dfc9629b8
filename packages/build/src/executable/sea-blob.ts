/** What Node finds inside its own executable: the program, its assets and the flags it starts with. */
export interface SeaContent {
  /** CommonJS source of the program. */
  readonly main: string;
  /** `node:sea` assets by key; written in the order of their keys. */
  readonly assets: ReadonlyMap<string, Uint8Array>;
  /** Node flags that are always set. Neither NODE_OPTIONS nor arguments can add to them. */
  readonly execArgv: readonly string[];
}

/** src/node_sea.h: kMagic and SeaFlags. */
const magic = 0x0143da20;
const Flag = { disableExperimentalSeaWarning: 1, includeAssets: 8, includeExecArgv: 16 } as const;
/** src/node_sea.h: SeaExecArgvExtension::kNone, ModuleFormat::kCommonJS. */
const execArgvExtensionNone = 0;
const commonJs = 0;
/** Name of the program in stack traces; a real path would differ from machine to machine. */
const mainPath = 'main.js';

/**
 * Writes the blob that `node --experimental-sea-config` writes (SeaSerializer in src/node_sea.cc): little-endian,
 * strings and byte runs with a 64-bit length before them.
 *
 * Written here rather than by a Node process because Node keeps assets in a hash table whose order depends on the C++
 * library of the machine that builds, and because no Node of the build machine is then needed. A test compares the two.
 */
export function writeSeaBlob(content: SeaContent): Buffer {
  const head = Buffer.alloc(10);
  head.writeUInt32LE(magic, 0);
  head.writeUInt32LE(
    Flag.disableExperimentalSeaWarning |
      (content.assets.size > 0 ? Flag.includeAssets : 0) |
      (content.execArgv.length > 0 ? Flag.includeExecArgv : 0),
    4,
  );
  head.writeUInt8(execArgvExtensionNone, 8);
  head.writeUInt8(commonJs, 9);

  const parts: Uint8Array[] = [head, ...run(Buffer.from(mainPath)), ...run(Buffer.from(content.main))];
  if (content.assets.size > 0) {
    parts.push(size(content.assets.size));
    const sorted = [...content.assets].sort(([a], [b]) => (a < b ? -1 : 1));
    for (const [key, bytes] of sorted) parts.push(...run(Buffer.from(key)), ...run(bytes));
  }
  if (content.execArgv.length > 0) {
    parts.push(size(content.execArgv.length));
    for (const argument of content.execArgv) parts.push(...run(Buffer.from(argument)));
  }
  return Buffer.concat(parts);
}

function run(bytes: Uint8Array): Uint8Array[] {
  return [size(bytes.length), bytes];
}

function size(value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt(value));
  return bytes;
}
