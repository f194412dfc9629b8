import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { ExitCode } from '@mainstay/core';
import type { Behaviour } from './behaviour.ts';

export const cleanUpBehaviours: readonly Behaviour[] = [
  {
    name: 'temporary files and locks are gone after a stop',
    needs: [],
    plan: { temporary: true, lock: '' },
    async verify(hosted) {
      await hosted.state('running');
      const temporary = await hosted.journaled('temporary');
      assert.ok(existsSync(hosted.workspace.lockFile), 'no lock file while it runs');
      await hosted.stop();
      await hosted.exits(ExitCode.ok);
      assert.equal(existsSync(temporary.detail ?? ''), false, 'the temporary directory is left');
      assert.equal(existsSync(hosted.workspace.lockFile), false, 'the lock file is left');
    },
  },
  {
    name: 'a release that fails does not prevent the others, and ends with 1',
    needs: [],
    plan: { temporary: true, release: [{ fail: 'cannot close' }] },
    async verify(hosted) {
      await hosted.state('running');
      const temporary = await hosted.journaled('temporary');
      await hosted.stop();
      await hosted.exits(ExitCode.failed);
      assert.equal(existsSync(temporary.detail ?? ''), false, 'the temporary directory is left');
    },
  },
  {
    name: 'a release that hangs does not prevent the others, and ends with 124',
    needs: [],
    plan: { temporary: true, release: [{ hang: true }], limits: { disposeTimeoutMs: 400 } },
    async verify(hosted) {
      await hosted.state('running');
      const temporary = await hosted.journaled('temporary');
      await hosted.stop();
      await hosted.exits(ExitCode.forced);
      assert.equal(existsSync(temporary.detail ?? ''), false, 'the temporary directory is left');
    },
  },
  {
    name: 'what a killed run leaves behind is taken over by the next',
    needs: ['kill'],
    plan: { temporary: true, lock: '' },
    async verify(hosted) {
      await hosted.state('running');
      const first = await hosted.journaled('temporary');
      await hosted.run.kill();
      await hosted.run.exited();
      assert.ok(existsSync(hosted.workspace.lockFile), 'a kill leaves the lock');
      await hosted.again();
      await hosted.state('running');
      assert.equal(existsSync(first.detail ?? ''), false, "the killed run's directory is left");
      await hosted.stop();
      await hosted.exits(ExitCode.ok);
      assert.equal(existsSync(hosted.workspace.lockFile), false, 'the lock file is left');
    },
  },
];
