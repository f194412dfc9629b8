import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { suite, test } from 'node:test';
import { stripVTControlCharacters } from 'node:util';

import { displayWidth } from '@mainstay/service/terminal';

import { startOnTerminal, UpFolder } from './up-process.ts';

const enter = '\u001B[?1049h';
const leave = '\u001B[?7h\u001B[?25h\u001B[?1049l';
const hasScript = existsSync('/usr/bin/script') && process.platform === 'linux';

/** The screens that were drawn, each as its lines without escapes. */
function frames(output: string): string[][] {
  const live = output.slice(output.indexOf(enter), output.lastIndexOf(leave));
  return (
    live
      .split('\u001B[H')
      .slice(1)
      // The terminal's line discipline puts a carriage return of its own before each line feed (termios(3), ONLCR).
      .map((frame) => stripVTControlCharacters(frame).split(/\r+\n/))
  );
}

suite('mainstay up on a terminal', { timeout: 120_000, skip: hasScript ? false : 'needs script(1)' }, () => {
  test('a live table that fits, and gives the terminal back', async () => {
    using folder = new UpFolder();
    folder.manifest({ web: { env: { MODE: 'http', PORT: 0 } }, noisy: { env: { MODE: 'noisy' } } });
    await using up = startOnTerminal(folder, { columns: 100, rows: 20 }, 'up');
    await up.printed(/web: http:\/\/localhost:\d+/);
    await up.printed(/noisy +running/);
    await up.printed(/web +running .* ok /);
    up.type('\u0003');
    assert.equal(await up.ended, 0);
    const { output } = up;
    assert.ok(output.includes(`${enter}\u001B[?25l`), 'the cursor is hidden');
    assert.equal(output.split(leave).length, 2, 'the terminal is given back once');
    assert.ok(!output.includes('\u001B[2J') && !output.includes('\u001B]0;'), 'no escape of a service');
    const drawn = frames(output);
    for (const frame of drawn) {
      assert.ok(frame.length <= 20);
      for (const line of frame) assert.ok(displayWidth(line) <= 100, line);
    }
    assert.match(
      drawn.at(-1)?.[0] ?? '',
      /^SERVICE +STATE +PID +UPTIME +RESTARTS +CPU +MEMORY +HEALTH +LAST LOG/,
    );
    const after = output.slice(output.lastIndexOf(leave));
    assert.match(after, /web +stopped/);
    assert.match(after, /web: http:\/\/localhost/);
  });

  test('a smaller window is drawn anew, narrower', async () => {
    using folder = new UpFolder();
    folder.manifest({ one: {}, two: {} });
    await using up = startOnTerminal(folder, { columns: 120, rows: 30 }, 'up');
    const [device = ''] = await up.printed(/\/dev\/pts\/\d+/);
    await up.printed(/two +running/);
    execFileSync('stty', ['-F', device, 'cols', '30', 'rows', '5']);
    await up.printed(/SERVICE {2}STATE +(?:MEMORY {2})?HEALTH.\[K/);
    up.type('\u0003');
    assert.equal(await up.ended, 0);
    const narrow = frames(up.output).slice(-1)[0] ?? [];
    assert.ok(narrow.length <= 5);
    for (const line of narrow) assert.ok(displayWidth(line) <= 30, line);
  });

  test('a failure is told after the terminal was given back', async () => {
    using folder = new UpFolder();
    folder.manifest({ bad: { env: { MODE: 'crash' }, restart: '{ policy: never }' } });
    await using up = startOnTerminal(folder, { columns: 80, rows: 20 }, 'up');
    assert.equal(await up.ended, 1);
    const after = up.output.slice(up.output.lastIndexOf(leave));
    assert.match(after, /bad +failed/);
    assert.match(after, /bad: It ended with exit code \d+, and its restart policy is never/);
  });
});
