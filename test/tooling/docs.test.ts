import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { defineErrors } from '@mainstay/core';
import { Command } from 'commander';
import { cliPage } from '../../scripts/docs/cli-page.ts';
import { errorsPage } from '../../scripts/docs/errors-page.ts';
import { generatePages } from '../../scripts/docs/pages.ts';

const root = join(import.meta.dirname, '../..');

describe('the generated pages', () => {
  it('are what the code says', async () => {
    for (const [page, text] of await generatePages(root)) {
      const committed = await readFile(join(root, page), 'utf8').catch(() => '');
      assert.equal(committed, text, `${page} is out of date: run "npm run docs"`);
    }
  });

  it('give every error a row', () => {
    const table = defineErrors('demo', {
      DEMO_ONE: { kind: 'operator', summary: 'One | two', action: 'Choose', exitCode: 2 },
      DEMO_TWO: { kind: 'bug', summary: 'Odd', action: 'Report it' },
    });
    const page = errorsPage([table]);
    assert.match(page, /^## demo$/m);
    assert.match(page, /^\| `DEMO_ONE` \| One \\\| two \| Choose \| operator \| 2 \|$/m);
    assert.match(page, /^\| `DEMO_TWO` \| Odd \| Report it \| bug \| 1 \|$/m);
  });

  it('give every command its help, with those below it', () => {
    const program = new Command('demo').description('Shows');
    const outer = program.command('outer').description('Holds');
    outer
      .command('inner')
      .option('--deep', 'Goes deep')
      .addHelpText('after', '\nExamples:\n  demo outer inner');
    const page = cliPage([{ title: 'Demo', intro: 'About', program }]);
    assert.match(page, /^### `demo outer inner`$/m);
    assert.match(page, /--deep +Goes deep/);
    assert.match(page, /Examples:\n {2}demo outer inner\n```/);
  });
});
