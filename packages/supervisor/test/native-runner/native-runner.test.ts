import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { systemClock } from '@mainstay/platform';

import type { ServiceDeclaration } from '../../src/manifest/types.ts';
import { lastNativeLines } from '../../src/native-runner/logs.ts';
import { NativeRunner } from '../../src/native-runner/native-runner.ts';
import type { Run } from '../../src/runner/types.ts';
import { declarationOf, noEvents, noOutput, silent, specOf } from './declarations.ts';
import { SpawningManager } from './spawning-manager.ts';

const forever = 'while :; do sleep 0.05; done';

for (const isRich of [true, false]) {
  describe(`the native runner, on a manager that ${isRich ? 'notes ends' : 'knows its services only'}`, () => {
    let folder: string;
    let manager: ReturnType<typeof SpawningManager.create>;
    let runner: NativeRunner;

    const newRunner = (): NativeRunner =>
      new NativeRunner({ manager, clock: systemClock, log: silent, directory: join(folder, 'runner') });
    const start = (declaration: ServiceDeclaration, run = 1): Run =>
      runner.start(specOf(declaration, run), noEvents, noOutput());

    beforeEach(() => {
      folder = mkdtempSync(join(tmpdir(), 'native-'));
      manager = SpawningManager.create(folder, { isRich });
      runner = newRunner();
    });
    afterEach(async () => {
      await runner.close();
      await manager.close();
      rmSync(folder, { recursive: true, force: true });
    });

    it('starts a program, and tells how it ended', async () => {
      const declaration = declarationOf('exit 7', { restart: rules('never') });
      const run = start(declaration);
      assert.deepEqual(await run.ended, {
        exitCode: 7,
        signal: undefined,
        error: undefined,
        outOfMemory: false,
      });
      const killed = start(declarationOf('kill -9 $$', { restart: rules('never') }), 2);
      assert.equal((await killed.ended).signal, 'SIGKILL');
    });

    it('calls off the restart that the manager would make', async () => {
      const run = start(declarationOf('exit 1', { restart: { ...rules('always'), backoffMinMs: 60_000 } }));
      assert.equal((await run.ended).exitCode, 1);
      assert.equal((await manager.query('mainstay-shop-0')).state, 'stopped');
      assert.equal(manager.units.get('mainstay-shop-0')?.restarts, 0);
    });

    it('takes over what runs already, and writes nothing that differs from run to run', async () => {
      const declaration = declarationOf(forever, { env: { A: '1' } });
      const first = start(declaration);
      await until(() => first.pid !== undefined);
      const next = newRunner();
      const taken = next.start(specOf(declaration, 2), noEvents, noOutput());
      await until(() => taken.pid !== undefined);
      assert.equal(taken.pid, first.pid);
      assert.equal(manager.asked.filter((what) => what.startsWith('install')).length, 1);
      const { environment } = manager.units.get('mainstay-shop-0')?.spec ?? assert.fail('no unit');
      assert.equal(environment['A'], '1');
      assert.equal(environment['MAINSTAY_INSTANCE'], '0');
      assert.equal(environment['MAINSTAY_RUN'], undefined);
      await next.close();
    });

    it('starts anew when the definition has changed meanwhile', async () => {
      const first = start(declarationOf(forever));
      await until(() => first.pid !== undefined);
      const changed = start(declarationOf(forever, { env: { A: '2' } }), 2);
      await until(() => changed.pid !== undefined);
      assert.notEqual(changed.pid, first.pid);
      await first.ended;
    });

    it('stops by the signal of the declaration, and kills a tree that does not listen', async () => {
      const polite = start(
        declarationOf(`trap 'exit 5' INT; echo ready; ${forever}`, {
          stop: { by: { type: 'signal', signal: 'SIGINT' }, graceMs: 5_000, reloadSignal: undefined },
        }),
      );
      // The trap is set a moment after the start.
      await until(async () => (await lastNativeLines(manager, polite.id)).includes('ready'));
      await polite.askToStop();
      assert.equal((await polite.ended).exitCode, 5);
      const deaf = declarationOf(`trap '' TERM; echo ready; ${forever}`, {
        name: 'deaf',
        stop: { by: { type: 'signal', signal: 'SIGTERM' }, graceMs: 100, reloadSignal: undefined },
      });
      const run = start(deaf);
      await until(async () => (await lastNativeLines(manager, run.id)).includes('ready'));
      run.kill();
      assert.equal((await run.ended).signal, 'SIGKILL');
      assert.equal((await manager.query('mainstay-deaf-0')).pid, undefined);
    });

    it('says what is in the way of a start', async () => {
      const missing = declarationOf('', { program: { type: 'exec', command: 'no-such-program', args: [] } });
      const end = await start(missing).ended;
      assert.match(end.error?.message ?? '', /no program "no-such-program" on PATH/);
      assert.equal(end.exitCode, undefined);
      manager.failure = new Error('Disk full');
      assert.match((await start(declarationOf(forever)).ended).error?.message ?? '', /Disk full/);
    });

    it('a stop before the start is no start', async () => {
      const run = start(declarationOf(forever));
      await run.askToStop();
      const end = await run.ended;
      assert.equal(end.error, undefined);
      assert.equal((await manager.query('mainstay-shop-0')).pid, undefined);
    });

    it('lives on without its agent; the next one takes over the wanted and removes the rest', async () => {
      const declaration = declarationOf(forever);
      const run = start(declaration);
      const other = start(declarationOf(forever, { name: 'old' }));
      await until(() => run.pid !== undefined && other.pid !== undefined);
      await runner.close();
      runner = newRunner();
      const adopted = await runner.adopt(
        (id) => (id.service === 'shop' ? specOf(declaration, 5, id.instance) : undefined),
        () => noEvents,
      );
      assert.deepEqual(
        adopted.map(({ id, pid }) => [id.service, id.run, pid]),
        [['shop', 5, run.pid]],
      );
      assert.equal((await manager.query('mainstay-old-0')).state, 'not-installed');
      process.kill(adopted[0]?.pid ?? 0, 'SIGKILL');
      assert.equal((await adopted[0]?.ended)?.signal, 'SIGKILL');
    });

    it('forgets the units of a service, and of no other', async () => {
      const runs = [start(declarationOf(forever)), start(declarationOf(forever, { name: 'shop-2' }))];
      await until(() => runs.every(({ pid }) => pid !== undefined));
      await runner.forget('shop');
      assert.equal((await manager.query('mainstay-shop-0')).state, 'not-installed');
      assert.equal((await manager.query('mainstay-shop-2-0')).state, 'running');
    });

    it('reads what the manager kept of the output', async () => {
      const run = start(declarationOf('echo one; echo two; exit 0', { restart: rules('never') }));
      await run.ended;
      await until(async () => (await lastNativeLines(manager, run.id)).length === 2);
      assert.deepEqual(await lastNativeLines(manager, run.id, 1), ['two']);
    });
  });
}

describe('the native runner, when the manager was faster', () => {
  it('tells the end of the run that it knew, and hands the new one to the next start', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'native-'));
    const manager = SpawningManager.create(folder);
    const runner = new NativeRunner({
      manager,
      clock: systemClock,
      log: silent,
      directory: join(folder, 'r'),
    });
    try {
      const declaration = declarationOf(forever);
      const run = runner.start(specOf(declaration), noEvents, noOutput());
      await until(() => run.pid !== undefined);
      const unit = manager.units.get('mainstay-shop-0') ?? assert.fail('no unit');
      const pid = run.pid ?? 0;
      // Started again in the very moment of its end.
      unit.spec = { ...unit.spec, recovery: { ...unit.spec.recovery, delayMs: 0 } };
      process.kill(pid, 'SIGKILL');
      assert.equal((await run.ended).signal, 'SIGKILL');
      const next = runner.start(specOf(declaration, 2), noEvents, noOutput());
      await until(() => next.pid !== undefined);
      assert.notEqual(next.pid, pid);
      assert.equal(manager.asked.filter((what) => what.startsWith('start')).length, 1);
    } finally {
      await runner.close();
      await manager.close();
      rmSync(folder, { recursive: true, force: true });
    }
  });

  it('takes no file of others for a unit', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'native-'));
    const manager = SpawningManager.create(folder, { isRich: false });
    const runner = new NativeRunner({ manager, clock: systemClock, log: silent, directory: folder });
    try {
      writeFileSync(join(folder, 'notes.json'), '{}');
      writeFileSync(join(folder, 'mainstay-x.json'), '{}');
      assert.deepEqual(
        await runner.adopt(
          () => undefined,
          () => noEvents,
        ),
        [],
      );
      assert.deepEqual(manager.asked, []);
    } finally {
      await runner.close();
      rmSync(folder, { recursive: true, force: true });
    }
  });
});

function rules(policy: 'always' | 'never'): ServiceDeclaration['restart'] {
  return { ...declarationOf('').restart, policy };
}

async function until(probe: () => boolean | Promise<boolean>): Promise<void> {
  const end = performance.now() + 20_000;
  while (!(await probe())) {
    assert.ok(performance.now() < end, `Waited in vain: ${probe.toString()}`);
    await delay(10);
  }
}
