import assert from 'node:assert/strict';
import { after, before, describe, test, type TestContext } from 'node:test';
import { ExitCode } from '@mainstay/core';
import { ControlCode } from '../../packages/platform/src/windows/codes.ts';
import { createWorkspace, eventually } from '../conformance/workspace.ts';
import type { FixtureWorkspace, PlanOptions } from '../conformance/harness.ts';
import { ScmHarness, type ScmRun } from './scm-harness.ts';

/** Far longer than anything that is done meanwhile, so that "still blocked" is a matter of order, not of time. */
const blockMs = 20_000;
const blocked: PlanOptions = {
  background: [{ wait: 'block' }, { note: 'blocking' }, { block: blockMs }, { note: 'free' }],
  custom: { 200: [] },
  pause: [],
};

describe('a service whose own thread is busy', () => {
  let scm: ScmHarness;
  before(async () => {
    scm = await ScmHarness.create();
  });
  // Undefined when the harness could not be made.
  after(() => (scm as ScmHarness | undefined)?.close());

  /** Runs a test on a service whose event loop is blocked from now on. */
  const busy = (title: string, plan: PlanOptions, body: (busy: Busy) => Promise<void>): void =>
    void test(title, async (t) => {
      const workspace = createWorkspace(plan);
      const run = await scm.start(workspace);
      try {
        await eventually('running', async () =>
          (await run.status()).state === 'running' ? true : undefined,
        );
        workspace.open('block');
        await workspace.journaled('blocking');
        await body({ t, run, workspace, events: () => workspace.journal().map(({ event }) => event) });
      } finally {
        await scm.cleanUp(run);
        workspace.remove();
      }
    });

  test('is given the arguments of its start', async () => {
    const workspace = createWorkspace({});
    const run = await scm.start(workspace, ['--since', 'zwölf Uhr']);
    try {
      await workspace.journaled('start-end');
      const given = workspace.journal().find(({ event }) => event === 'arguments');
      assert.deepEqual(JSON.parse(given?.detail ?? 'null'), ['--since', 'zwölf Uhr']);
    } finally {
      await scm.cleanUp(run);
      workspace.remove();
    }
  });

  busy('answers the SCM all the same', blocked, async ({ t, run, events }) => {
    const times: number[] = [];
    for (let round = 0; round < 5; round += 1) {
      for (const code of [ControlCode.interrogate, 200, 201]) {
        const { error, milliseconds } = await run.send(code);
        assert.equal(error, 0);
        times.push(milliseconds);
      }
    }
    assert.ok(!events().includes('free'), 'the thread was not busy any more');
    const sorted = times.sort((a, b) => a - b);
    t.diagnostic(`answered in ${sorted.map((each) => each.toFixed(1)).join(', ')} ms`);
  });

  busy(
    'shows what a control began, keeps its checkpoints going, and does it when it is free',
    { ...blocked, limits: { stopTimeoutMs: 3 * blockMs } },
    async ({ run, events }) => {
      assert.equal((await run.send(ControlCode.stop)).error, 0);
      const first = await run.status();
      assert.equal(first.state, 'stop-pending');
      assert.ok(first.waitHint > 0);
      await eventually('two more checkpoints', async () =>
        (await run.status()).checkpoint >= first.checkpoint + 2 ? true : undefined,
      );
      assert.ok(!events().includes('free'), 'the thread was not busy any more');
      assert.deepEqual(await run.exited(), { code: ExitCode.ok, signal: undefined });
      assert.ok(events().indexOf('free') < events().indexOf('stop'));
    },
  );

  busy(
    'is ended at the deadline of its stop, with 124',
    { ...blocked, limits: { stopTimeoutMs: 1_000 } },
    async ({ run, events }) => {
      await run.send(ControlCode.stop);
      assert.deepEqual(await run.exited(), { code: ExitCode.forced, signal: undefined });
      assert.deepEqual(
        events().filter((event) => event === 'free' || event === 'stop' || event === 'exit'),
        [],
      );
    },
  );
});

describe('a service that dies', () => {
  test('without a word is failed, with no exit code', async () => {
    const scm = await ScmHarness.create();
    const workspace = createWorkspace({});
    try {
      const run = await scm.start(workspace);
      await eventually('running', async () => ((await run.status()).state === 'running' ? true : undefined));
      await run.kill();
      const info = await scm.driver.call<{ state: string; exitCode?: number; text: string }>('query', [
        run.name,
      ]);
      assert.deepEqual([info.state, info.exitCode], ['failed', undefined]);
      assert.match(info.text, /1067/);
    } finally {
      workspace.remove();
      await scm.close();
    }
  });
});

interface Busy {
  readonly t: TestContext;
  readonly run: ScmRun;
  readonly workspace: FixtureWorkspace;
  readonly events: () => readonly string[];
}
