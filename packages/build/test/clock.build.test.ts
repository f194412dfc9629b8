import assert from 'node:assert/strict';
import { readdir, readFile, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { copyProject, temporaryFolder } from './project-fixture.ts';
import { run } from './run-executable.ts';

/** Gives a process another date: the clock, and what is made of it. */
const shiftClock = `
const shift = Number(process.env.SHIFT);
const Real = Date;
globalThis.Date = class extends Real {
  constructor(...args) { if (args.length === 0) super(Real.now() + shift); else super(...args); }
  static now() { return Real.now() + shift; }
};`;

const build = `
const { buildExecutables } = await import(process.env.BUILDER);
await buildExecutables({
  input: process.env.INPUT, outputFolder: process.env.OUTPUT, targets: process.env.TARGETS.split(','),
  typeCheck: false, sourceMap: true, ...(process.env.IMAGE && { image: {} }),
});
console.log(new Date().getUTCFullYear());`;

test('a build at another date, in another time zone and of files with other times gives the same bytes', async (t) => {
  const folder = await temporaryFolder(t);
  const input = await copyProject(folder);
  const isLinuxX64 = process.platform === 'linux' && process.arch === 'x64';
  const outputs: string[] = [];
  for (const [index, years] of [0, -20, 40].entries()) {
    const shift = years * 365.25 * 86_400_000;
    const touched = new Date(Date.now() + shift);
    for (const file of ['package.json', 'src/main.ts', 'src/late.ts'])
      await utimes(join(input, file), touched, touched);
    const output = join(folder, `out${index}`);
    const { exitCode, stdout, stderr } = await run(
      process.execPath,
      [
        '--input-type=module',
        '--import',
        `data:text/javascript,${encodeURIComponent(shiftClock)}`,
        '--eval',
        build,
      ],
      {
        env: {
          ...process.env,
          SHIFT: String(shift),
          BUILDER: new URL('../src/index.ts', import.meta.url).href,
          INPUT: input,
          OUTPUT: output,
          TARGETS: 'linux-x64,win-x64,darwin-arm64',
          IMAGE: isLinuxX64 ? '1' : '',
          TZ: ['UTC', 'Asia/Tokyo', 'America/Caracas'][index],
          SOURCE_DATE_EPOCH: String(index),
        },
      },
    );
    assert.equal(exitCode, 0, stderr);
    assert.equal(Number(stdout.trim()), touched.getUTCFullYear(), 'the clock was shifted');
    outputs.push(output);
  }
  const [first = '', ...others] = outputs;
  const names = (await readdir(first)).sort();
  assert.equal(names.length, isLinuxX64 ? 6 : 5);
  for (const other of others) {
    assert.deepEqual((await readdir(other)).sort(), names);
    for (const name of names) {
      const [a, b] = await Promise.all([readFile(join(first, name)), readFile(join(other, name))]);
      assert.ok(a.equals(b), `${name} differs`);
    }
  }
});
