import assert from 'node:assert/strict';
import { glob, readFile } from 'node:fs/promises';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';

const packages = fileURLToPath(new URL('../../..', import.meta.url));
/** `import('package')`, but for built-in modules and packages of our own, which are ES modules. */
const lazyPackage = /import\('(?!\.|node:|@mainstay\/)([^']+)'\)/g;

describe('packages that are imported when they are needed', () => {
  it('are imported by a file of their own, because import() of CommonJS loses its names in an executable', async () => {
    const found: string[] = [];
    for await (const file of glob('{service,platform,core}/src/**/*.ts', { cwd: packages })) {
      const text = await readFile(`${packages}${file}`, 'utf8');
      for (const [, name] of text.matchAll(lazyPackage)) found.push(`${file}: ${name}`);
    }
    assert.deepEqual(found, []);
  });
});
