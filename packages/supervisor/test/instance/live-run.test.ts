import assert from 'node:assert/strict';
import { test } from 'node:test';

import { VirtualClock } from '@mainstay/core';

import type { ProbeKind, Prober } from '../../src/health/types.ts';
import { LiveRun } from '../../src/instance/live-run.ts';
import type { ServiceDeclaration } from '../../src/manifest/types.ts';
import { declare, probeOf, ScriptedRun, silent } from '../supervisor/world.ts';

const none = { startup: undefined, readiness: undefined, liveness: undefined };
const slowly = { intervalMs: 10_000 };

/** A process whose probes all say what `isWell` says. */
class Probed {
  readonly clock = new VirtualClock();
  readonly asked: Array<ProbeKind | undefined> = [];
  readonly results: ProbeKind[] = [];
  isWell = true;
  readonly live: LiveRun;

  constructor() {
    const id = { service: 'orders', instance: 0, run: 1 };
    const prober: Prober = {
      probe: async (_target, { kind }) => {
        this.asked.push(kind);
        return { ok: this.isWell, detail: '', tookMs: 1 };
      },
    };
    this.live = new LiveRun({
      id,
      cause: 'start',
      clock: this.clock,
      prober,
      log: silent,
      onResult: (kind) => void this.results.push(kind),
      onVerdict: () => undefined,
      onLimit: () => undefined,
    });
    const declaration = declare('orders');
    this.live.run = new ScriptedRun(
      { id, declaration, env: {} },
      { onStatus() {}, onOutOfMemory() {} },
      { pid: 1, startedAt: 0 },
    );
  }

  async begin(health: ServiceDeclaration['health']): Promise<void> {
    this.live.watchHealth(declare('orders', { health }));
    await this.#settle();
  }

  /** In steps, so that each answer comes before the next timer. */
  async advance(ms: number): Promise<void> {
    for (let left = ms; left > 0; left -= 100) {
      this.clock.advance(Math.min(100, left));
      await this.#settle();
    }
  }

  async #settle(): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve));
  }
}

test('liveness waits until it has been ready once', async () => {
  const probed = new Probed();
  probed.isWell = false;
  await probed.begin({ ...none, readiness: probeOf(1, slowly), liveness: probeOf(2) });
  await probed.advance(30_000);
  assert.ok(probed.asked.length > 3);
  assert.deepEqual(new Set(probed.asked), new Set(['readiness']));
  probed.isWell = true;
  await probed.advance(10_000);
  assert.ok(probed.asked.includes('liveness'));
  probed.live.close();
  assert.equal(probed.clock.pendingTimers, 0);
});

test('one that does not get ready is looked after all the same, after a start that takes too long', async () => {
  const probed = new Probed();
  probed.isWell = false;
  await probed.begin({ ...none, readiness: probeOf(1, slowly), liveness: probeOf(2) });
  await probed.advance(89_900);
  assert.ok(!probed.asked.includes('liveness'));
  await probed.advance(200);
  assert.ok(probed.asked.includes('liveness'));
  probed.live.close();
  assert.equal(probed.clock.pendingTimers, 0);
});

test('without readiness, liveness begins at once', async () => {
  const probed = new Probed();
  await probed.begin({ ...none, liveness: probeOf(2) });
  assert.deepEqual(probed.asked, ['liveness']);
  probed.live.close();
});

test('readiness and liveness that ask the same ask once, and both hear the answer', async () => {
  const probed = new Probed();
  const rules = probeOf(1, slowly);
  await probed.begin({ ...none, readiness: rules, liveness: rules });
  await probed.advance(100_000);
  assert.equal(probed.asked.length, 11);
  assert.equal(probed.results.filter((kind) => kind === 'readiness').length, 11);
  assert.equal(probed.results.filter((kind) => kind === 'liveness').length, 11);
  probed.live.close();
  assert.equal(probed.clock.pendingTimers, 0);
});

test('a heartbeat is asked for each, since it answers them differently', async () => {
  const probed = new Probed();
  const rules = { ...probeOf(1, slowly), target: { type: 'heartbeat' } as const };
  await probed.begin({ ...none, readiness: rules, liveness: rules });
  assert.deepEqual(probed.asked, ['readiness', 'liveness']);
  probed.live.close();
});

test('new rules for one that was ready begin liveness at once', async () => {
  const probed = new Probed();
  const health = { ...none, readiness: probeOf(1, slowly), liveness: probeOf(2) };
  await probed.begin(health);
  probed.live.endProbes();
  probed.asked.length = 0;
  probed.isWell = false;
  await probed.begin(health);
  assert.deepEqual(probed.asked, ['readiness', 'liveness']);
  probed.live.close();
});
