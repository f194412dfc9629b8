import assert from 'node:assert/strict';
import { it } from 'node:test';
import { createSupervisorHarness, SupervisedRun } from './hosts/supervisor-harness.ts';
import { testConformance } from './suite.ts';
import { createWorkspace, eventually } from './workspace.ts';

testConformance(createSupervisorHarness);

async function withRun(
  verify: (run: SupervisedRun, workspace: ReturnType<typeof createWorkspace>) => Promise<void>,
) {
  const workspace = createWorkspace({});
  workspace.write();
  const run = new SupervisedRun(workspace);
  try {
    await eventually('the service is up', async () =>
      (await run.observe()).state === 'running' ? true : undefined,
    );
    await verify(run, workspace);
  } finally {
    await run.destroy();
    workspace.remove();
  }
}

it('a service that loses its supervisor stops by itself, with 0', () =>
  withRun(async (run, workspace) => {
    run.process.child.disconnect();
    assert.deepEqual(await run.exited(), { code: 0, signal: undefined });
    const abort = workspace.journal().find(({ event }) => event === 'abort');
    assert.match(abort?.detail ?? '', /disconnect/);
  }));

it('Ctrl-C in the terminal of the supervisor leaves the service to the supervisor', () =>
  withRun(async (run) => {
    run.process.child.kill('SIGINT');
    assert.equal(await run.control({ type: 'interrogate' }), 'accepted');
    assert.equal((await run.observe()).state, 'running');
  }));

it('a probe is answered with health and the measurements of the runtime', () =>
  withRun(async (run) => {
    const { promise, resolve } = Promise.withResolvers<Record<string, unknown>>();
    run.process.child.on('message', (message: Record<string, unknown>) => {
      if (message['type'] === 'health') resolve(message);
    });
    run.process.child.send({ type: 'probe', id: 41 });
    const { id, report, metrics } = await promise;
    assert.equal(id, 41);
    assert.deepEqual(report, {
      state: 'ok',
      ready: true,
      checks: { lifecycle: { state: 'ok', detail: 'running' } },
    });
    assert.deepEqual(Object.keys(metrics as object).sort(), [
      'cpuMs',
      'eventLoopDelayMs',
      'eventLoopUtilization',
      'gcPauseMs',
      'heapUsedBytes',
      'rssBytes',
    ]);
  }));
