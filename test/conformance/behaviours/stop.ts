import assert from 'node:assert/strict';
import { ExitCode } from '@mainstay/core';
import type { Behaviour } from './behaviour.ts';

export const stopBehaviours: readonly Behaviour[] = [
  {
    name: 'a stop aborts the signal, runs the stop handler, cleans up and ends with 0',
    needs: [],
    plan: { release: [] },
    async verify(hosted) {
      await hosted.state('running');
      await hosted.stop();
      await hosted.exits(ExitCode.ok);
      hosted.expectOrder('start-end', 'abort', 'stop', 'stop-end', 'release', 'release-end', 'exit');
    },
  },
  {
    name: 'a stop is shown as pending until it is done',
    needs: ['states'],
    plan: { stop: [{ wait: 'go' }] },
    async verify(hosted) {
      await hosted.state('running');
      await hosted.stop();
      await hosted.journaled('stop');
      await hosted.state('stop-pending');
      hosted.workspace.open('go');
      await hosted.exits(ExitCode.ok);
    },
  },
  {
    name: 'a stop during a start that heeds the signal ends with 0 and runs no stop handler',
    needs: [],
    plan: { start: [{ wait: 'never', abortable: true }], release: [] },
    async verify(hosted) {
      await hosted.journaled('start');
      await hosted.stop();
      await hosted.exits(ExitCode.ok);
      hosted.expectOrder('start', 'abort', 'start-error', 'release-end', 'exit');
      assert.equal(hosted.count('stop'), 0);
    },
  },
  {
    name: 'a stop during a start that goes on waits for the start, then stops',
    needs: [],
    plan: { start: [{ wait: 'go' }], release: [] },
    async verify(hosted) {
      await hosted.journaled('start');
      await hosted.stop();
      await hosted.journaled('abort');
      assert.equal(hosted.count('stop'), 0);
      hosted.workspace.open('go');
      await hosted.exits(ExitCode.ok);
      hosted.expectOrder('start', 'abort', 'start-end', 'stop', 'stop-end', 'release-end', 'exit');
    },
  },
  {
    name: 'a stop during a start that never ends is forced',
    needs: [],
    plan: { start: [{ hang: true }], release: [], limits: { stopTimeoutMs: 300 } },
    async verify(hosted) {
      await hosted.journaled('start');
      await hosted.stop();
      await hosted.exits(ExitCode.forced);
      hosted.expectOrder('start', 'abort', 'release-end', 'exit');
    },
  },
  {
    name: 'a second stop joins the first',
    needs: [],
    plan: { stop: [{ wait: 'go' }] },
    async verify(hosted) {
      await hosted.state('running');
      await hosted.stop();
      await hosted.journaled('stop');
      await hosted.stop();
      hosted.workspace.open('go');
      await hosted.exits(ExitCode.ok);
      assert.equal(hosted.count('stop'), 1);
      hosted.expectOrder('stop', 'stop-end', 'exit');
    },
  },
  {
    name: 'a stop that hangs is forced at its deadline, cleaned up, with 124',
    needs: [],
    plan: { stop: [{ hang: true }], release: [], temporary: true, limits: { stopTimeoutMs: 300 } },
    async verify(hosted) {
      await hosted.state('running');
      await hosted.stop();
      await hosted.exits(ExitCode.forced);
      hosted.expectOrder('stop', 'release-end', 'exit');
      assert.equal(hosted.count('stop-end'), 0);
    },
  },
  {
    name: 'a second interrupt forces a stop that hangs',
    needs: ['force'],
    plan: { stop: [{ hang: true }], release: [] },
    async verify(hosted) {
      await hosted.state('running');
      await hosted.control({ type: 'stop', reason: 'interrupt' });
      await hosted.journaled('stop');
      // A second signal at once is the same key press (a launcher forwards it), so it is pressed until it counts.
      const pressing = setInterval(() => {
        // The process may have gone since.
        hosted.control({ type: 'stop', reason: 'interrupt', force: true }).catch(() => {});
      }, 100);
      try {
        await hosted.exits(ExitCode.forced);
      } finally {
        clearInterval(pressing);
      }
      hosted.expectOrder('stop', 'release-end', 'exit');
    },
  },
  {
    name: 'a stop that fails ends with 1, cleaned up',
    needs: [],
    plan: { stop: [{ fail: 'cannot flush' }], release: [] },
    async verify(hosted) {
      await hosted.state('running');
      await hosted.stop();
      await hosted.exits(ExitCode.failed);
      hosted.expectOrder('stop', 'stop-error', 'release-end', 'exit');
    },
  },
  {
    name: 'a stop sent while the event loop is blocked is done as soon as it is free',
    needs: [],
    plan: { background: [{ wait: 'block' }, { note: 'blocking' }, { block: 1500 }, { note: 'free' }] },
    async verify(hosted) {
      await hosted.state('running');
      hosted.workspace.open('block');
      await hosted.journaled('blocking');
      await hosted.stop();
      await hosted.exits(ExitCode.ok);
      hosted.expectOrder('blocking', 'free', 'stop', 'stop-end', 'exit');
    },
  },
  {
    name: 'the service asks for its own stop',
    needs: [],
    plan: { background: [{ requestStop: true }], release: [] },
    async verify(hosted) {
      await hosted.exits(ExitCode.ok);
      hosted.expectOrder('start-end', 'abort', 'stop-end', 'release-end', 'exit');
    },
  },
];
