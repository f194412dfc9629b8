// Writes numbered lines until it is killed, and says on standard output what the store has taken.
import { writeSync } from 'node:fs';

import { systemClock } from '@mainstay/platform';

import { openLogStore } from '../../../src/output/log-store.ts';
import { quietLogger, rules } from '../fixtures.ts';

const [directory = '', first = '0', run = '1'] = process.argv.slice(2);
const store = await openLogStore({
  directory,
  totalBytes: 2 ** 40,
  clock: systemClock,
  log: quietLogger(),
  compressAfterMs: 1,
});
const output = store.openRun(
  { service: 'orders', instance: 0, run: Number(run) },
  { ...rules, rotateBytes: 20_000, compress: true },
);
let next = Number(first);
const write = () => {
  let chunk = '';
  for (let count = 0; count < 50; count++) chunk += `${next++} ${'x'.repeat(20)}\n`;
  output.write('stdout', Buffer.from(chunk));
  writeSync(1, `${next}\n`);
  setImmediate(write);
};
write();
