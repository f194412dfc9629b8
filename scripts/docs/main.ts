// npm run docs [-- --check]: writes the generated reference pages; with --check only says which are out of date.
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { generatePages } from './pages.ts';

const root = join(import.meta.dirname, '../..');
const { values } = parseArgs({ options: { check: { type: 'boolean', default: false } } });

for (const [page, text] of await generatePages(root)) {
  const path = join(root, page);
  if ((await readFile(path, 'utf8').catch(() => '')) === text) continue;
  if (values.check) {
    process.stderr.write(`${page} is out of date: run "npm run docs"\n`);
    process.exitCode = 1;
  } else {
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, text);
    process.stdout.write(`Wrote ${page}\n`);
  }
}
