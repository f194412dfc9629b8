import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { describe, it } from 'node:test';

import { readAll, withStore } from './fixtures.ts';

const program = join(import.meta.dirname, 'programs/log-writer.ts');

describe('an agent that is killed', () => {
  it('loses and splits no line that it had written, whatever it was at', () =>
    withStore({}, async ({ store, directory, again }) => {
      await store.close();
      let taken = 0;
      for (let run = 1; run <= 6; run++) {
        const from = taken;
        const child = spawn(process.execPath, [program, directory, String(from), String(run)], {
          stdio: ['ignore', 'pipe', 'inherit'],
        });
        let said = '';
        child.stdout.setEncoding('latin1').on('data', (text: string) => {
          said += text;
          // Another place each time: some runs are killed while they rotate or compress.
          if (Number(said.slice(said.lastIndexOf('\n', said.length - 2) + 1)) > from + run * 1700)
            child.kill('SIGKILL');
        });
        await once(child, 'close');
        taken = Math.max(...said.split('\n').map(Number));
        const reader = await again();
        const numbers = (await readAll(reader)).map(({ text }) => {
          assert.match(text, /^\d+ x{20}$/);
          return Number(text.split(' ')[0]);
        });
        await reader.close();
        // Up to 50 more may have been written after the last word, and are written again by the next.
        const firstTime = [...new Set(numbers)];
        assert.ok(firstTime.length >= taken, `${firstTime.length} of ${taken}`);
        assert.deepEqual(
          firstTime,
          Array.from({ length: firstTime.length }, (_each, index) => index),
        );
        assert.ok(numbers.length - firstTime.length <= 50 * run);
      }
    }));
});
