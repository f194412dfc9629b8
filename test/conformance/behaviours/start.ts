import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { ExitCode } from '@mainstay/core';
import type { Behaviour } from './behaviour.ts';

export const startBehaviours: readonly Behaviour[] = [
  {
    name: 'finds out by itself which host it has',
    needs: ['output'],
    plan: {},
    async verify(hosted) {
      await hosted.state('running');
      await hosted.stop();
      await hosted.exits(ExitCode.ok);
      const [, kind] = /"hostKind":"(\w+)"/.exec(await hosted.run.output()) ?? [];
      assert.equal(kind, hosted.harness.kind);
    },
  },
  {
    name: 'is up only when its start has ended',
    needs: [],
    plan: { start: [{ wait: 'go' }] },
    async verify(hosted) {
      await hosted.journaled('start');
      assert.equal((await hosted.run.observe()).state, 'start-pending');
      hosted.workspace.open('go');
      await hosted.state('running');
      hosted.expectOrder('start', 'start-end');
      await hosted.stop();
      await hosted.exits(ExitCode.ok);
    },
  },
  {
    name: 'a service with nothing to do stays up until it is stopped',
    needs: [],
    plan: {},
    async verify(hosted) {
      await hosted.state('running');
      await sleep(300);
      assert.equal((await hosted.run.observe()).state, 'running');
      await hosted.stop();
      await hosted.exits(ExitCode.ok);
    },
  },
  {
    name: 'a start that fails ends with 1, cleaned up and without a stop',
    needs: [],
    plan: { start: [{ fail: 'no database' }], release: [] },
    async verify(hosted) {
      await hosted.exits(ExitCode.failed);
      hosted.expectOrder('start', 'start-error', 'abort', 'release', 'release-end', 'exit');
      assert.equal(hosted.count('stop'), 0);
    },
  },
  {
    name: 'a start that fails says why',
    needs: ['output'],
    plan: { start: [{ fail: 'no database' }] },
    async verify(hosted) {
      await hosted.exits(ExitCode.failed);
      const output = await hosted.run.output();
      assert.match(output, /Start failed/);
      assert.match(output, /no database/);
    },
  },
  {
    name: 'a start that hangs is forced at its deadline',
    needs: [],
    plan: { start: [{ hang: true }], release: [], limits: { startTimeoutMs: 300 } },
    async verify(hosted) {
      await hosted.exits(ExitCode.forced);
      hosted.expectOrder('start', 'abort', 'release-end', 'exit');
      assert.equal(hosted.count('stop'), 0);
    },
  },
  {
    name: 'a checkpoint keeps a slow start from being forced',
    needs: [],
    plan: { start: [{ checkpoint: 60_000 }, { wait: 'go' }], limits: { startTimeoutMs: 300 } },
    async verify(hosted) {
      await hosted.journaled('start');
      await sleep(900);
      hosted.workspace.open('go');
      await hosted.state('running');
      await hosted.stop();
      await hosted.exits(ExitCode.ok);
    },
  },
  {
    name: 'a checkpoint is shown',
    needs: ['checkpoints', 'states'],
    plan: { start: [{ checkpoint: 20_000 }, { checkpoint: 20_000 }, { note: 'checked' }, { wait: 'go' }] },
    async verify(hosted) {
      await hosted.journaled('checked');
      await hosted.state('start-pending');
      let seen = await hosted.run.observe();
      for (let tries = 0; seen.checkpoint < 3 && tries < 500; tries++) {
        await sleep(10);
        seen = await hosted.run.observe();
      }
      assert.ok(seen.checkpoint >= 3, `checkpoint ${seen.checkpoint}`);
      hosted.workspace.open('go');
      await hosted.state('running');
      await hosted.stop();
      await hosted.exits(ExitCode.ok);
    },
  },
  {
    name: 'the status text is shown',
    needs: ['text'],
    plan: { start: [{ status: 'Reading the orders' }, { wait: 'go' }, { status: 'All orders read' }] },
    async verify(hosted) {
      await hosted.journaled('start');
      while ((await hosted.run.observe()).text !== 'Reading the orders') await sleep(10);
      hosted.workspace.open('go');
      await hosted.state('running');
      while ((await hosted.run.observe()).text !== 'All orders read') await sleep(10);
      await hosted.stop();
      await hosted.exits(ExitCode.ok);
    },
  },
];
