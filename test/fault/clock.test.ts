// The wall clock of the agent jumps by a day, forwards and back; monotonic time goes on as ever.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { describe, it } from 'node:test';

import {
  assertNoOrphans,
  assertOnlyShown,
  type FaultWorld,
  killQuietly,
  manifestOf,
  probeOf,
  readLogFiles,
  restartRules,
  shellService,
  twoProcesses,
  until,
  worldOf,
} from './world/index.ts';

const dayMs = 86_400_000;

/** Probes that the agent has made of it since, by its events. */
async function probes(world: FaultWorld, count: number): Promise<void> {
  const abort = new AbortController();
  let left = count;
  for await (const event of world.client.events({ signal: abort.signal })) {
    if (event.type === 'probe' && event.id.service === 'probed') left -= 1;
    if (left === 0) abort.abort();
  }
}

const linesOf = (world: FaultWorld): readonly { readonly text: string }[] =>
  readLogFiles(world.logs, 'ticking');

describe('a wall clock that jumps', () => {
  for (const [name, jumps] of [
    ['a day forwards', [dayMs]],
    ['a day back', [-dayMs]],
    ['a day forwards and back, again and again', [dayMs, 0, dayMs, -dayMs, 0]],
  ] as const) {
    it(`${name} starts nothing, stops nothing, and leaves lines in their order`, async (t) => {
      const world = worldOf(t, { movesClock: true });
      await world.start();
      const ok = probeOf({ type: 'exec', command: ['true'] });
      await world.client.apply(
        manifestOf(
          shellService('plain', twoProcesses),
          // Once a year: neither due by the jump, nor again and again.
          shellService('scheduled', twoProcesses, { restart: restartRules({ schedule: '0 0 29 2 *' }) }),
          shellService('probed', twoProcesses, {
            health: { startup: undefined, readiness: ok, liveness: ok },
          }),
          shellService('ticking', 'n=0; while :; do n=$((n + 1)); echo $n; sleep 0.05; done', {
            logs: { rotateBytes: 1024, rotateAgeMs: 3_600_000, keep: 10_000, compress: false },
          }),
        ),
      );
      for (const by of jumps) {
        writeFileSync(world.clockFile, String(by));
        const { length } = linesOf(world);
        await until(
          'It writes on',
          () => linesOf(world).length,
          (count) => count >= length + 10,
        );
        await probes(world, 5);
        for (const { name: service, instances } of await world.client.services())
          assert.deepEqual([instances[0]?.run, instances[0]?.phase], [1, 'running'], service);
      }
      // A crash is still answered, at once.
      killQuietly((await world.instance('plain')).pid ?? 0);
      const { restarts } = await world.reaches('plain', 'running', { after: 1 });
      assert.equal(restarts, 1);
      await world.client.act('stop', ['ticking']);
      const numbers = linesOf(world).map(({ text }) => Number(text));
      assert.deepEqual(
        numbers,
        numbers.map((_, at) => at + 1),
      );
      await assertOnlyShown(world);
      await world.end();
      await assertNoOrphans(world);
    });
  }
});
