// `apply` and `top` on a pseudo-terminal (script(1)), with a real agent.
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { suite, test } from 'node:test';
import { stripVTControlCharacters } from 'node:util';

import { displayWidth } from '@mainstay/service/terminal';
import type { ServiceView } from '@mainstay/supervisor';

import { mainstayFile, UpProcess } from '../up-process.ts';
import { AgentWorld, stays } from './agent-world.ts';

const hasScript = existsSync('/usr/bin/script') && process.platform === 'linux';
const options = { timeout: 170_000, skip: hasScript ? false : 'needs script(1)' };

/** `mainstay …` of somebody who sits at a terminal of that size. */
function type(
  world: AgentWorld,
  size: readonly [columns: number, rows: number],
  ...argv: string[]
): UpProcess {
  const command = [process.execPath, mainstayFile, ...argv].map((word) => `'${word}'`).join(' ');
  const shell = `stty cols ${size[0]} rows ${size[1]}; exec ${command}`;
  return new UpProcess('script', ['-qefc', shell, '/dev/null'], world.folder);
}

async function pidOf(world: AgentWorld, name: string): Promise<number> {
  const { out } = await world.run('ps', name, '--json');
  const pid = (JSON.parse(out) as ServiceView[])[0]?.instances[0]?.pid;
  assert.ok(pid !== undefined, out);
  return pid;
}

suite('on a terminal', options, () => {
  test('apply asks before it restarts something: no changes nothing, yes does it', async () => {
    await using world = await AgentWorld.open();
    world.write({ a: { exec: stays } });
    await using first = type(world, [100, 30], 'apply');
    assert.equal(await first.ended, 0, first.output);
    assert.doesNotMatch(first.output, /Go on/, 'nothing that runs is touched');
    const pid = await pidOf(world, 'a');
    world.write({ a: { exec: stays, env: { NEW: '1' } } });
    for (const answer of ['n\r', '\r']) {
      await using refused = type(world, [100, 30], 'apply');
      await refused.printed(/Go on\? \[y\/N\] /);
      refused.type(answer);
      assert.equal(await refused.ended, 1);
      assert.match(refused.output, /Nothing was changed/);
    }
    assert.equal(await pidOf(world, 'a'), pid);
    await using agreed = type(world, [100, 30], 'apply');
    await agreed.printed(/Go on\? \[y\/N\] /);
    agreed.type('y\r');
    assert.equal(await agreed.ended, 0, agreed.output);
    assert.notEqual(await pidOf(world, 'a'), pid);
  });

  test('top fits the screen, says what it leaves out, is ordered by a key, and ends with q', async () => {
    await using world = await AgentWorld.open();
    world.write(Object.fromEntries(Array.from({ length: 30 }, (_, index) => [`s${index}`, { exec: stays }])));
    const applied = await world.run('apply');
    assert.equal(applied.code, 0, applied.out + applied.err);
    await using top = type(world, [80, 12], 'top', '--interval', '300ms');
    const [, left] = await top.printed(/… and (\d+) more/);
    assert.equal(left, '24', 'six of thirty rows are between the head and the foot');
    top.type('n');
    await top.printed(/q quits/);
    top.type('q');
    assert.equal(await top.ended, 0, top.output);
    const frames = top.output.split('\u001B[H').slice(1);
    for (const frame of frames) {
      const lines = stripVTControlCharacters(frame.split('\u001B[?7h')[0] ?? '').split('\r\n');
      assert.ok(lines.length <= 12, String(lines.length));
      for (const line of lines) assert.ok(displayWidth(line) <= 80, line);
    }
    assert.ok(top.output.includes('\u001B[?1049l'), 'the terminal is given back');
  });
});
