import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { ExitCode } from '@mainstay/core';
import type { Behaviour } from './behaviour.ts';

export const crashBehaviours: readonly Behaviour[] = [
  {
    name: 'an uncaught exception ends with 70, cleaned up and without a stop',
    needs: [],
    plan: {
      background: [{ wait: 'crash' }, { crash: 'exception' }],
      release: [],
      temporary: true,
      lock: '',
    },
    async verify(hosted) {
      await hosted.state('running');
      hosted.workspace.open('crash');
      await hosted.exits(ExitCode.crashed);
      hosted.expectOrder('abort', 'release', 'release-end', 'exit');
      assert.equal(hosted.count('stop'), 0);
      assert.equal(existsSync(hosted.workspace.lockFile), false, 'the lock file is left');
    },
  },
  {
    name: 'an unhandled rejection ends with 70, cleaned up and without a stop',
    needs: [],
    plan: { background: [{ wait: 'crash' }, { crash: 'rejection' }], release: [] },
    async verify(hosted) {
      await hosted.state('running');
      hosted.workspace.open('crash');
      await hosted.exits(ExitCode.crashed);
      hosted.expectOrder('abort', 'release-end', 'exit');
      assert.equal(hosted.count('stop'), 0);
    },
  },
  {
    name: 'a crash is logged with its stack',
    needs: ['output'],
    plan: { background: [{ wait: 'crash' }, { crash: 'exception' }] },
    async verify(hosted) {
      await hosted.state('running');
      hosted.workspace.open('crash');
      await hosted.exits(ExitCode.crashed);
      const output = await hosted.run.output();
      assert.match(output, /Conformance exception/);
      assert.match(output, /fixture-service|main\.js/, 'no stack in the output');
    },
  },
  {
    name: 'a crash during the start ends with 70',
    needs: [],
    plan: { start: [{ crash: 'exception' }, { hang: true }], release: [] },
    async verify(hosted) {
      await hosted.exits(ExitCode.crashed);
      hosted.expectOrder('start', 'abort', 'release-end', 'exit');
    },
  },
  {
    name: 'a crash during the stop ends with 70, not with 0',
    needs: [],
    plan: { stop: [{ crash: 'rejection' }, { hang: true }], release: [] },
    async verify(hosted) {
      await hosted.state('running');
      await hosted.stop();
      await hosted.exits(ExitCode.crashed);
      hosted.expectOrder('stop', 'release-end', 'exit');
    },
  },
  {
    name: 'a crash whose clean-up hangs still ends, with 70',
    needs: [],
    plan: {
      background: [{ wait: 'crash' }, { crash: 'exception' }],
      release: [{ hang: true }],
      temporary: true,
      limits: { disposeTimeoutMs: 400 },
    },
    async verify(hosted) {
      await hosted.state('running');
      const temporary = await hosted.journaled('temporary');
      hosted.workspace.open('crash');
      await hosted.exits(ExitCode.crashed);
      assert.equal(existsSync(temporary.detail ?? ''), false, 'the temporary directory is left');
    },
  },
  {
    name: 'process.exit in the service leaves neither lock nor temporary files',
    needs: [],
    plan: { background: [{ wait: 'crash' }, { crash: 'exit', code: 9 }], temporary: true, lock: '' },
    async verify(hosted) {
      await hosted.state('running');
      const temporary = await hosted.journaled('temporary');
      hosted.workspace.open('crash');
      await hosted.exits(9);
      assert.equal(existsSync(temporary.detail ?? ''), false, 'the temporary directory is left');
      assert.equal(existsSync(hosted.workspace.lockFile), false, 'the lock file is left');
    },
  },
];
