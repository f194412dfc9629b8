import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';

import { buildExecutables } from '@mainstay/build';

const here = fileURLToPath(new URL('.', import.meta.url));
const root = path.resolve(here, '../..');

/** One way to write and ship the same service. */
export interface Contender {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  /** What has to be copied to a machine, in bytes; for plain node the runtime counts. */
  readonly bytes: number;
}

export interface Contenders {
  /** A copy of the Node that runs this: what a running process has mapped cannot leave the page cache. */
  readonly node: string;
  /** A service that starts and does nothing. */
  readonly idle: readonly Contender[];
  /** `orders-api`. */
  readonly orders: readonly Contender[];
  readonly skipped: readonly string[];
}

/** Builds everything into `out`. A peer whose tool is missing is named in `skipped`. */
export async function buildContenders(out: string): Promise<Contenders> {
  const skipped: string[] = [];
  const bytesOf = (file: string): number => statSync(file).size;
  const single = (name: string, file: string): Contender => ({
    name,
    command: file,
    args: ['run'],
    bytes: bytesOf(file),
  });

  const mainstay = async (entry: string, name: string): Promise<string> => {
    const folder = path.join(out, `mainstay-${name}`);
    const manifest = await buildExecutables({
      input: path.join(root, entry),
      targets: [`${process.platform === 'win32' ? 'win' : process.platform}-${process.arch}`],
      outputFolder: folder,
    });
    return path.join(folder, manifest.files[0]?.file ?? '');
  };
  const go = (folder: string, name: string): string | undefined => {
    const file = path.join(out, `go-${name}`);
    try {
      execFileSync('go', ['build', '-trimpath', '-ldflags=-s -w', '-o', file, `./${folder}`], {
        cwd: path.join(here, 'go'),
        env: { ...process.env, CGO_ENABLED: '0' },
        stdio: ['ignore', 'ignore', 'inherit'],
      });
      return file;
    } catch (error) {
      skipped.push(`go ${name}: ${(error as Error).message.split('\n')[0]}`);
      return undefined;
    }
  };
  const bun = (source: string, name: string): string | undefined => {
    const file = path.join(out, `bun-${name}`);
    const tool = path.join(root, `bench/node_modules/@oven/bun-${process.platform}-${process.arch}/bin/bun`);
    try {
      execFileSync(tool, ['build', '--compile', '--minify', `--outfile=${file}`, source], {
        stdio: 'pipe',
        cwd: out,
      });
      return file;
    } catch (error) {
      skipped.push(`bun ${name}: ${(error as Error).message.split('\n')[0]}`);
      return undefined;
    }
  };

  mkdirSync(out, { recursive: true });
  const node = path.join(out, 'node');
  copyFileSync(process.execPath, node);
  const peers = async (kind: 'idle' | 'orders', entry: string): Promise<Contender[]> => {
    const source = path.join(here, 'plain', `${kind}.mjs`);
    const list = [single('mainstay', await mainstay(entry, kind))];
    const goFile = go(kind, kind);
    if (goFile) list.push(single('go + kardianos', goFile));
    list.push({
      name: 'plain node',
      command: node,
      args: [source],
      bytes: bytesOf(node) + bytesOf(source),
    });
    const bunFile = bun(source, kind);
    if (bunFile) list.push(single('bun --compile', bunFile));
    return list;
  };
  const contenders = {
    node,
    idle: await peers('idle', 'bench/start/idle-service.ts'),
    orders: await peers('orders', 'examples/orders-api'),
    skipped,
  };
  writeFileSync(path.join(out, 'contenders.json'), JSON.stringify(contenders, undefined, 2));
  return contenders;
}
