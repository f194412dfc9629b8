// Run in the machine by manager.test.ts: what we write in a unit is what systemd reads.
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { it } from 'node:test';
import * as fc from 'fast-check';
import {
  formatCommand,
  formatEnvironment,
  formatText,
} from '../../../packages/platform/src/systemd/unit-syntax.ts';
import { property, systemctl } from './systemctl.ts';

const units = '/run/systemd/system';
const directory = '/opt/quoting';

/** Text with what has a meaning in units, shells and environments. */
const nasty = fc.string({
  unit: fc.constantFrom(
    ...'ab %$\\"\'=;#@-:+!{}[]()~*?&|<>\n\t\rü'.split(''),
    '💥',
    '%n',
    '${HOME}',
    '$PATH',
    '\\x41',
  ),
  maxLength: 12,
});
const [seed] = fc.sample(fc.integer(), 1);
const samples = fc.sample(
  fc.record({
    args: fc.array(nasty, { maxLength: 6 }),
    value: nasty.map((text) => text.replaceAll('\r', '')),
    description: nasty.map((text) => `x${text}`),
  }),
  { seed: seed ?? 0, numRuns: 60 },
);

const name = (index: number): string => `quoting-${index}`;

it(`gives programs the arguments and variables that were meant (seed ${seed})`, async () => {
  mkdirSync(directory, { recursive: true });
  try {
    for (const [index, { args, value, description }] of samples.entries()) {
      writeFileSync(
        `${units}/${name(index)}.service`,
        `[Unit]
Description=${formatText(description)}
After=network.target
[Service]
Type=oneshot
Environment=${formatEnvironment('VALUE', value)}
StandardOutput=append:${directory}/${index}
ExecStart=${formatCommand('/usr/bin/printf', ['%s\\0', ...args])}
ExecStart=${formatCommand('/usr/bin/env', ['-0'])}
`,
      );
    }
    await systemctl('daemon-reload');
    await systemctl('start', ...samples.map((_, index) => name(index)));
    for (const [index, { args, value, description }] of samples.entries()) {
      const written = readFileSync(`${directory}/${index}`, 'utf8').split('\0').slice(0, -1);
      // printf without an argument for its %s writes an empty one.
      const expected = args.length === 0 ? [''] : args;
      assert.deepEqual(written.slice(0, expected.length), expected);
      assert.ok(written.includes(`VALUE=${value}`), JSON.stringify({ value, written }));
      const oneLine = description.replaceAll(/\s+/g, ' ').trim();
      assert.equal(await property(name(index), 'Description'), oneLine);
    }
  } finally {
    for (const index of samples.keys()) rmSync(`${units}/${name(index)}.service`, { force: true });
    rmSync(directory, { recursive: true, force: true });
    await systemctl('daemon-reload');
  }
});
