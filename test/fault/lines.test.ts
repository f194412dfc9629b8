// A million lines as fast as they come, over many rotations; counted by what wrote them.
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';

import {
  assertAllLines,
  assertNoOrphans,
  type FaultWorld,
  filesOf,
  killQuietly,
  manifestOf,
  until,
  worldOf,
  writerService,
} from './world/index.ts';

const million = 1_000_000;
const logs = { rotateBytes: 1024 ** 2, rotateAgeMs: undefined, keep: 10_000, compress: true };

async function counts(countFile: string, run: number, atLeast: number): Promise<void> {
  const file = `${countFile}.${run}`;
  await until(
    `Run ${run} has counted ${atLeast}`,
    () => (existsSync(file) ? Number(readFileSync(file, 'utf8')) : 0),
    (count) => count >= atLeast,
    120_000,
  );
}

/** An agent that writes lines, and the file in which they are counted. */
async function writing(world: FaultWorld, lines: number): Promise<string> {
  const countFile = join(world.base, 'count');
  await world.start();
  await world.client.apply(manifestOf(writerService('writer', { countFile, lines }, { logs })));
  return countFile;
}

describe('a million lines', () => {
  it('are all there, in order, whole and once', async (t) => {
    const world = worldOf(t);
    const countFile = await writing(world, million);
    await counts(countFile, 1, million);
    await world.end();
    await assertNoOrphans(world);
    const found = assertAllLines({ logs: world.logs, service: 'writer', countFile });
    assert.deepEqual([...found], [[1, million]]);
    assert.ok(filesOf(join(world.logs, 'writer'), 0).length > 50);
  });

  it('are there as far as they were written when the program is killed', async (t) => {
    const world = worldOf(t);
    const countFile = await writing(world, million);
    for (let run = 1; run <= 3; run += 1) {
      await counts(countFile, run, 50_000);
      const { pid, run: current } = await world.reaches('writer', 'running', { after: run - 1 });
      assert.equal(current, run);
      killQuietly(pid ?? 0);
    }
    await counts(countFile, 4, 1000);
    await world.client.act('stop', ['writer']);
    await world.end();
    await assertNoOrphans(world);
    const found = assertAllLines({ logs: world.logs, service: 'writer', countFile });
    assert.equal(found.size, 4);
  });

  it('are read back by the API as they are on disk', async (t) => {
    const world = worldOf(t);
    const countFile = await writing(world, 20_000);
    await counts(countFile, 1, 20_000);
    let number = 0;
    for await (const line of world.client.logs({ services: ['writer'], lines: million, follow: false })) {
      number += 1;
      assert.ok(line.text.startsWith(`${number} `), `line ${number} is ${line.text}`);
    }
    assert.equal(number, 20_000);
    await world.end();
    await assertNoOrphans(world);
  });
});
