import assert from 'node:assert/strict';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';

import { isAppError, type ServiceInfo, type ServiceManager, type ServiceSpec } from '@mainstay/core';

/** What the suite needs to drive one manager; the same for the in-memory one and for those of real systems. */
export interface ManagerHarness {
  readonly manager: ServiceManager;
  /** A spec that this manager can install and whose program really comes up; `change` overrides fields. */
  spec(change: Partial<ServiceSpec> & { readonly name: string }): ServiceSpec;
  /** The same, whose program exits non-zero before it is ready; left out where that cannot be arranged. */
  failingSpec?(name: string): ServiceSpec;
  /** Changes the installed definition behind the manager's back, as an administrator's editor would. */
  drift?(name: string): Promise<void>;
  /** A line that the program of `spec` writes while it runs, to be found by `logs`. */
  readonly logLine?: string;
  readonly supports: {
    readonly pause: boolean;
    readonly reload: boolean;
    /** A custom control that the program of `spec` takes; undefined where the manager has none. */
    readonly customControl?: number;
    /** True when the service's directories are the machine's own and may be looked at from here. */
    readonly directories: boolean;
  };
  dispose(): Promise<void>;
}

/** For waits in real managers, in milliseconds; far above what is needed, so that only a hang runs into it. */
const timeoutMs = 60_000;

/**
 * What every `ServiceManager` owes its callers. Each test uses a service of its own and removes it again, so the
 * harness is made once.
 */
export function managerContract(name: string, makeHarness: () => Promise<ManagerHarness>): void {
  describe(`service manager contract: ${name}`, () => {
    let harness: ManagerHarness;
    let counter = 0;
    before(async () => {
      harness = await makeHarness();
    });
    after(async () => {
      await harness?.dispose();
    });

    /** Runs with a name of its own, and leaves nothing installed. */
    const contractTest = (
      title: string,
      body: (manager: ServiceManager, id: string) => Promise<void>,
    ): void => {
      void test(title, async () => {
        counter += 1;
        const id = `contract-${process.pid}-${counter}`;
        try {
          await body(harness.manager, id);
        } finally {
          await harness.manager.uninstall(id, { purge: true, timeoutMs });
        }
      });
    };

    contractTest('a service that nobody installed is reported as such', async (manager, id) => {
      const info = await manager.query(id);
      assert.equal(info.name, id);
      assert.equal(info.state, 'not-installed');
      assert.equal(info.pid, undefined);
      assert.equal(info.enabled, false);
    });

    contractTest('acting on a service that is not installed is refused', async (manager, id) => {
      for (const action of ['start', 'stop', 'restart', 'reload'] as const) {
        await rejectsWith(() => manager.act(id, action, { timeoutMs }), 'MANAGER_NOT_INSTALLED');
      }
    });

    contractTest('a plan changes nothing', async (manager, id) => {
      const plan = await manager.plan(harness.spec({ name: id }));
      assert.ok(plan.changes.length > 0);
      assert.ok(plan.changes.some((change) => change.before === undefined && change.after !== undefined));
      assert.equal((await manager.query(id)).state, 'not-installed');
    });

    contractTest('install creates, does not start, and is idempotent', async (manager, id) => {
      const spec = harness.spec({ name: id });
      const first = await manager.install(spec);
      assert.ok(first.changes.length > 0);
      const info = await manager.query(id);
      assert.equal(info.state, 'stopped');
      assert.equal(info.enabled, true);
      assert.notEqual(info.definition, undefined);
      assert.deepEqual((await manager.plan(spec)).changes, []);
      assert.deepEqual((await manager.install(spec)).changes, []);
    });

    contractTest('a spec without autoStart is not enabled, and can be changed later', async (manager, id) => {
      await manager.install(harness.spec({ name: id, autoStart: false }));
      assert.equal((await manager.query(id)).enabled, false);
      await manager.install(harness.spec({ name: id, autoStart: true }));
      assert.equal((await manager.query(id)).enabled, true);
    });

    contractTest('a changed spec is planned with before and after, then applied', async (manager, id) => {
      await manager.install(harness.spec({ name: id, description: 'The first description' }));
      const changed = harness.spec({ name: id, description: 'The second description' });
      const plan = await manager.plan(changed);
      const change = plan.changes.find((candidate) => candidate.after?.includes('The second description'));
      assert.ok(change, JSON.stringify(plan.changes));
      assert.match(change.before ?? '', /The first description/);
      await manager.install(changed);
      assert.deepEqual((await manager.plan(changed)).changes, []);
    });

    contractTest('drift is seen and repaired', async (manager, id) => {
      if (!harness.drift) return;
      const spec = harness.spec({ name: id });
      await manager.install(spec);
      await harness.drift(id);
      assert.ok((await manager.plan(spec)).changes.length > 0);
      assert.ok((await manager.install(spec)).changes.length > 0);
      assert.deepEqual((await manager.plan(spec)).changes, []);
    });

    contractTest(
      'start and stop wait for the state, and do nothing when it is there',
      async (manager, id) => {
        await manager.install(harness.spec({ name: id }));
        const progress: ServiceInfo[] = [];
        const started = await manager.act(id, 'start', {
          timeoutMs,
          onProgress: (info) => progress.push(info),
        });
        assert.equal(started.state, 'running');
        assert.ok((started.pid ?? 0) > 0);
        for (const info of progress) assert.equal(info.name, id);
        assert.equal((await manager.act(id, 'start', { timeoutMs })).pid, started.pid);
        const stopped = await manager.act(id, 'stop', { timeoutMs });
        assert.equal(stopped.state, 'stopped');
        assert.equal(stopped.pid, undefined);
        assert.equal((await manager.act(id, 'stop', { timeoutMs })).state, 'stopped');
        assert.equal((await manager.query(id)).state, 'stopped');
      },
    );

    contractTest('restart makes a new process, also of a stopped service', async (manager, id) => {
      await manager.install(harness.spec({ name: id }));
      const first = await manager.act(id, 'restart', { timeoutMs });
      assert.equal(first.state, 'running');
      const second = await manager.act(id, 'restart', { timeoutMs });
      assert.equal(second.state, 'running');
      assert.notEqual(second.pid, first.pid);
    });

    contractTest('a program that fails at start is a failed start', async (manager, id) => {
      if (!harness.failingSpec) return;
      await manager.install(harness.failingSpec(id));
      await rejectsWith(() => manager.act(id, 'start', { timeoutMs }), 'MANAGER_START_FAILED');
      assert.ok(!['running', 'paused'].includes((await manager.query(id)).state));
    });

    contractTest('pause and continue, where the manager has them', async (manager, id) => {
      await manager.install(harness.spec({ name: id }));
      await manager.act(id, 'start', { timeoutMs });
      if (harness.supports.pause) {
        assert.equal((await manager.act(id, 'pause', { timeoutMs })).state, 'paused');
        assert.equal((await manager.act(id, 'continue', { timeoutMs })).state, 'running');
      } else {
        await rejectsWith(() => manager.act(id, 'pause', { timeoutMs }), 'MANAGER_UNSUPPORTED');
        await rejectsWith(() => manager.act(id, 'continue', { timeoutMs }), 'MANAGER_UNSUPPORTED');
      }
    });

    contractTest('reload keeps the process', async (manager, id) => {
      if (!harness.supports.reload) return;
      await manager.install(harness.spec({ name: id }));
      const { pid } = await manager.act(id, 'start', { timeoutMs });
      const reloaded = await manager.act(id, 'reload', { timeoutMs });
      assert.equal(reloaded.state, 'running');
      assert.equal(reloaded.pid, pid);
    });

    contractTest('custom controls, where the manager has them', async (manager, id) => {
      await manager.install(harness.spec({ name: id }));
      await manager.act(id, 'start', { timeoutMs });
      const code = harness.supports.customControl;
      if (code === undefined) {
        await rejectsWith(() => manager.sendCustomControl(id, 128), 'MANAGER_UNSUPPORTED');
      } else {
        await manager.sendCustomControl(id, code);
        assert.equal((await manager.query(id)).state, 'running');
      }
    });

    contractTest('what the service wrote is in its logs', async (manager, id) => {
      if (harness.logLine === undefined) return;
      await manager.install(harness.spec({ name: id }));
      await manager.act(id, 'start', { timeoutMs });
      await manager.act(id, 'stop', { timeoutMs });
      const lines: string[] = [];
      for await (const line of manager.logs(id, { lines: 50, follow: false })) lines.push(line);
      assert.ok(
        lines.some((line) => line.includes(harness.logLine ?? '')),
        lines.join('\n'),
      );
    });

    contractTest('uninstall stops, removes, and is idempotent', async (manager, id) => {
      await manager.install(harness.spec({ name: id }));
      await manager.act(id, 'start', { timeoutMs });
      assert.ok((await manager.planUninstall(id, { purge: false })).changes.length > 0);
      assert.equal((await manager.query(id)).state, 'running', 'a plan must not stop the service');
      assert.ok((await manager.uninstall(id, { purge: false, timeoutMs })).changes.length > 0);
      assert.equal((await manager.query(id)).state, 'not-installed');
      assert.deepEqual((await manager.planUninstall(id, { purge: false })).changes, []);
      assert.deepEqual((await manager.uninstall(id, { purge: false, timeoutMs })).changes, []);
    });

    contractTest('data outlives uninstall, and goes with purge', async (manager, id) => {
      if (!harness.supports.directories) return;
      const spec = harness.spec({ name: id });
      await manager.install(spec);
      await manager.act(id, 'start', { timeoutMs });
      await manager.act(id, 'stop', { timeoutMs });
      mkdirSync(spec.directories.state, { recursive: true });
      const kept = join(spec.directories.state, 'kept');
      writeFileSync(kept, 'data');
      await manager.uninstall(id, { purge: false, timeoutMs });
      assert.ok(existsSync(kept));
      await manager.install(spec);
      assert.ok(existsSync(kept));
      await manager.uninstall(id, { purge: true, timeoutMs });
      assert.ok(!existsSync(kept));
    });
  });
}

async function rejectsWith(action: () => Promise<unknown>, code: string): Promise<void> {
  await assert.rejects(action, (error: unknown) => {
    assert.ok(isAppError(error), `expected ${code}, got ${String(error)}`);
    assert.equal(error.code, code, error.message);
    assert.match(error.message, /^[A-Z"]/);
    return true;
  });
}
