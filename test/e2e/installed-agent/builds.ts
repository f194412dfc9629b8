import assert from 'node:assert/strict';
import { appendFile, cp, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { mainstay } from '../newcomer.ts';

const checkout = join(import.meta.dirname, '../../..');

/** Files to be installed, in a folder. */
export interface Builds {
  readonly folder: string;
}

/** The agent, another build of it, one that ends at once, and a Mainstay service. */
export async function makeBuilds(folder: string): Promise<Builds> {
  await build(folder, 'packages/cli/src/executable.ts', 'mainstay');
  await build(folder, 'test/e2e/installed-agent/service.ts', 'shop');
  // What stands behind the end of an ELF file is never read (elf(5)): another build, in a blink.
  await cp(join(folder, 'mainstay'), join(folder, 'mainstay-next'));
  await appendFile(join(folder, 'mainstay-next'), '\n');
  const answer = JSON.stringify({ name: 'mainstay-agent', version: '9.9.9' });
  const broken = `#!/bin/sh\n[ "$1" != version ] || exec echo '${answer}'\necho 'It is broken' >&2\nexit 1\n`;
  await writeFile(join(folder, 'mainstay-broken'), broken, { mode: 0o755 });
  return { folder };
}

async function build(folder: string, entry: string, name: string): Promise<void> {
  const args = ['build', join(checkout, entry), '--name', name, '--no-type-check', '--out', folder];
  const built = await mainstay(checkout, args);
  assert.equal(built.code, 0, built.stderr);
  await cp(join(folder, `${name}-${process.platform}-${process.arch}`), join(folder, name));
}
