import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { ExitCode } from '@mainstay/core';
import { eventually } from '../workspace.ts';
import type { Behaviour } from './behaviour.ts';

export const controlBehaviours: readonly Behaviour[] = [
  {
    name: 'pauses and goes on',
    needs: ['pause', 'states'],
    plan: { pause: [{ wait: 'pause' }], resume: [{ wait: 'resume' }] },
    async verify(hosted) {
      await hosted.state('running');
      await hosted.expectAnswer({ type: 'pause' }, 'accepted');
      await hosted.state('pause-pending');
      hosted.workspace.open('pause');
      await hosted.state('paused');
      await hosted.expectAnswer({ type: 'continue' }, 'accepted');
      await hosted.state('continue-pending');
      hosted.workspace.open('resume');
      await hosted.state('running');
      await hosted.stop();
      await hosted.exits(ExitCode.ok);
      hosted.expectOrder('pause', 'pause-end', 'resume', 'resume-end', 'stop', 'exit');
    },
  },
  {
    name: 'a pause during the start cannot be accepted, and changes nothing',
    needs: ['pause', 'answers'],
    plan: { start: [{ wait: 'go' }], pause: [] },
    async verify(hosted) {
      await hosted.journaled('start');
      await hosted.expectAnswer({ type: 'pause' }, 'cannot-accept');
      hosted.workspace.open('go');
      await hosted.state('running');
      await hosted.stop();
      await hosted.exits(ExitCode.ok);
      assert.equal(hosted.count('pause'), 0);
    },
  },
  {
    name: 'a pause that the service does not implement is unsupported',
    needs: ['pause', 'answers'],
    plan: {},
    async verify(hosted) {
      await hosted.state('running');
      await hosted.expectAnswer({ type: 'pause' }, 'unsupported');
      await hosted.stop();
      await hosted.exits(ExitCode.ok);
    },
  },
  {
    name: 'a pause that fails leaves the service running',
    needs: ['pause', 'states'],
    plan: { pause: [{ fail: 'not now' }] },
    async verify(hosted) {
      await hosted.state('running');
      await hosted.control({ type: 'pause' });
      await hosted.journaled('pause-error');
      await hosted.state('running');
      await hosted.stop();
      await hosted.exits(ExitCode.ok);
    },
  },
  {
    name: 'a pause that hangs ends the service with 124',
    needs: ['pause'],
    plan: { pause: [{ hang: true }], release: [], limits: { pauseTimeoutMs: 300 } },
    async verify(hosted) {
      await hosted.state('running');
      await hosted.control({ type: 'pause' });
      await hosted.exits(ExitCode.forced);
      hosted.expectOrder('pause', 'abort', 'release-end', 'exit');
    },
  },
  {
    name: 'a control while another is pending cannot be accepted',
    needs: ['pause', 'answers'],
    plan: { pause: [{ wait: 'go' }] },
    async verify(hosted) {
      await hosted.state('running');
      await hosted.expectAnswer({ type: 'pause' }, 'accepted');
      await hosted.journaled('pause');
      await hosted.expectAnswer({ type: 'continue' }, 'cannot-accept');
      hosted.workspace.open('go');
      await hosted.state('paused');
      await hosted.stop();
      await hosted.exits(ExitCode.ok);
    },
  },
  {
    name: 'a stop during a pause waits for it, then stops',
    needs: ['pause'],
    plan: { pause: [{ wait: 'go' }] },
    async verify(hosted) {
      await hosted.state('running');
      await hosted.control({ type: 'pause' });
      await hosted.journaled('pause');
      await hosted.stop();
      await hosted.journaled('abort');
      hosted.workspace.open('go');
      await hosted.exits(ExitCode.ok);
      hosted.expectOrder('pause', 'abort', 'pause-end', 'stop', 'stop-end', 'exit');
    },
  },
  {
    name: 'a stop while paused stops',
    needs: ['pause', 'states'],
    plan: { pause: [] },
    async verify(hosted) {
      await hosted.state('running');
      await hosted.control({ type: 'pause' });
      await hosted.state('paused');
      await hosted.stop();
      await hosted.exits(ExitCode.ok);
      hosted.expectOrder('pause-end', 'stop', 'stop-end', 'exit');
    },
  },
  {
    name: 'a reload runs its handler, and the service stays up',
    needs: ['reload'],
    plan: { reload: [] },
    async verify(hosted) {
      await hosted.state('running');
      await hosted.expectAnswer({ type: 'reload' }, 'accepted');
      await hosted.journaled('reload-end');
      await hosted.state('running');
      await hosted.stop();
      await hosted.exits(ExitCode.ok);
    },
  },
  {
    name: 'a reload that fails leaves the service up',
    needs: ['reload'],
    plan: { reload: [{ fail: 'bad certificate' }] },
    async verify(hosted) {
      await hosted.state('running');
      await hosted.control({ type: 'reload' });
      await hosted.journaled('reload-error');
      await hosted.state('running');
      await hosted.stop();
      await hosted.exits(ExitCode.ok);
    },
  },
  {
    name: 'a reload with a config that cannot be read keeps the old one and stays up',
    needs: ['reload', 'output'],
    plan: { reload: [] },
    async verify(hosted) {
      await hosted.state('running');
      writeFileSync(hosted.workspace.planFile, '{ "journal": ');
      await hosted.control({ type: 'reload' });
      await eventually('the refusal in the log', async () =>
        /Reload failed/.test(await hosted.run.output()) ? true : undefined,
      );
      assert.equal(hosted.count('reload'), 0);
      await hosted.stop();
      await hosted.exits(ExitCode.ok);
      hosted.expectOrder('stop', 'stop-end', 'exit');
    },
  },
  {
    name: 'reloads do not overlap; two that wait become one',
    needs: ['reload'],
    plan: { reload: [{ wait: 'go' }] },
    async verify(hosted) {
      await hosted.state('running');
      await hosted.control({ type: 'reload' });
      await hosted.journaled('reload');
      await hosted.control({ type: 'reload' });
      await hosted.control({ type: 'reload' });
      hosted.workspace.open('go');
      await eventually('two reloads', () => (hosted.count('reload-end') >= 2 ? true : undefined));
      await hosted.stop();
      await hosted.exits(ExitCode.ok);
      hosted.expectOrder('reload', 'reload-end', 'reload', 'reload-end', 'stop');
      assert.equal(hosted.count('reload'), hosted.count('reload-end'));
      // A host without answers sends signals, which on a busy machine arrive when it pleases the kernel: the third may
      // come when the second has been dealt with, and then there is nothing for it to become one with.
      const counts = hosted.harness.can.has('answers') ? [2] : [2, 3];
      assert.ok(counts.includes(hosted.count('reload')), `${hosted.count('reload')} reloads`);
    },
  },
  {
    name: 'a stop during a reload waits for it, then stops',
    needs: ['reload'],
    plan: { reload: [{ wait: 'go' }] },
    async verify(hosted) {
      await hosted.state('running');
      await hosted.control({ type: 'reload' });
      await hosted.journaled('reload');
      await hosted.stop();
      await hosted.journaled('abort');
      hosted.workspace.open('go');
      await hosted.exits(ExitCode.ok);
      hosted.expectOrder('reload', 'abort', 'reload-end', 'stop', 'stop-end', 'exit');
    },
  },
  {
    name: 'a custom control is delivered',
    needs: ['custom'],
    plan: { custom: { '200': [{ note: 'two hundred' }] } },
    async verify(hosted) {
      await hosted.state('running');
      await hosted.expectAnswer({ type: 'custom', code: 200 }, 'accepted');
      await hosted.journaled('two hundred');
      await hosted.expectAnswer({ type: 'custom', code: 201 }, 'unsupported');
      await hosted.stop();
      await hosted.exits(ExitCode.ok);
    },
  },
  {
    name: 'a custom control that fails is logged, and the service stays up',
    needs: ['custom'],
    plan: { custom: { '128': [{ fail: 'no such table' }] } },
    async verify(hosted) {
      await hosted.state('running');
      await hosted.control({ type: 'custom', code: 128 });
      await hosted.journaled('custom-128-error');
      await hosted.state('running');
      await hosted.stop();
      await hosted.exits(ExitCode.ok);
    },
  },
  {
    name: 'an interrogation is answered in any state',
    needs: ['answers'],
    plan: { start: [{ wait: 'go' }], stop: [{ wait: 'end' }] },
    async verify(hosted) {
      await hosted.journaled('start');
      await hosted.expectAnswer({ type: 'interrogate' }, 'accepted');
      hosted.workspace.open('go');
      await hosted.state('running');
      await hosted.expectAnswer({ type: 'interrogate' }, 'accepted');
      await hosted.stop();
      await hosted.journaled('stop');
      await hosted.expectAnswer({ type: 'interrogate' }, 'accepted');
      hosted.workspace.open('end');
      await hosted.exits(ExitCode.ok);
    },
  },
];
