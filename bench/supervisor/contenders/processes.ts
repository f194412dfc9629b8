import { spawn } from 'node:child_process';
import { createReadStream } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { createGunzip } from 'node:zlib';

/** Runs a command that must succeed. */
export async function run(
  command: string,
  args: readonly string[],
  options: { readonly env?: NodeJS.ProcessEnv; readonly cwd?: string } = {},
): Promise<string> {
  const child = spawn(command, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
  const [stdout, stderr, code] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    new Promise<number | null>((resolve, reject) => {
      child.once('error', reject);
      child.once('close', resolve);
    }),
  ]);
  if (code !== 0) throw new Error(`${command} ${args.join(' ')} ended with ${code}:\n${stderr || stdout}`);
  return stdout;
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** Waits until `condition` holds. Throws after `limitMs`. */
export async function until(
  what: string,
  condition: () => boolean | Promise<boolean>,
  limitMs = 60_000,
  everyMs = 10,
): Promise<void> {
  const end = performance.now() + limitMs;
  while (!(await condition())) {
    if (performance.now() > end) throw new Error(`Waited ${limitMs} ms for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, everyMs));
  }
}

/** Given the bytes of a file one after the other; true for one that ends a line that counts. */
export type LineEnds = (byte: number) => boolean;

const everyLine = (): LineEnds => (byte) => byte === 10;

/** Lines in all files whose name passes, plain and gzipped. */
export async function countLinesIn(
  directory: string,
  isWanted: (file: string) => boolean,
  linesOf: () => LineEnds = everyLine,
): Promise<number> {
  let count = 0;
  for (const file of await readdir(directory, { recursive: true })) {
    if (!isWanted(file)) continue;
    const stream = createReadStream(join(directory, file));
    const endsLine = linesOf();
    for await (const chunk of file.endsWith('.gz') ? stream.pipe(createGunzip()) : stream)
      for (const byte of chunk as Buffer) if (endsLine(byte)) count += 1;
  }
  return count;
}

/** A process and all that it started, from /proc. */
export async function treeOf(root: number): Promise<number[]> {
  const tree = [root];
  for (const pid of tree) {
    const children = await readFile(`/proc/${pid}/task/${pid}/children`, 'latin1').catch(() => '');
    tree.push(...children.trim().split(' ').filter(Boolean).map(Number));
  }
  return tree;
}
