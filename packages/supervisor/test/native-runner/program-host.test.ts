import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import {
  acceptsNothing,
  VirtualClock,
  type Control,
  type HostedService,
  type LifecycleStatus,
  type ServiceHost,
} from '@mainstay/core';

import type { ServiceDeclaration } from '../../src/manifest/types.ts';
import {
  killControl,
  noteHostedEnd,
  readHostedEnds,
  reportedCode,
} from '../../src/native-runner/host-exit.ts';
import { hostProgram } from '../../src/native-runner/program-host.ts';
import type { Run, RunEnd, RunEvents, Runner } from '../../src/runner/types.ts';
import { declarationOf, noOutput, silent, specOf } from './declarations.ts';

const good: RunEnd = { exitCode: 0, signal: undefined, error: undefined, outOfMemory: false };

/** A host and a runner whose every move is made by the test. */
function stage(change: Partial<ServiceDeclaration> = {}) {
  const clock = new VirtualClock();
  const told: LifecycleStatus[] = [];
  const asked: string[] = [];
  const ended = Promise.withResolvers<RunEnd>();
  let service: HostedService | undefined;
  let events: RunEvents | undefined;
  const ends: RunEnd[] = [];
  let refusal: Error | undefined;
  const host = {
    kind: 'scm',
    sockets: [],
    attach: async (hosted: HostedService) => void (service = hosted),
    report: (status: LifecycleStatus) => void told.push(status),
    storeDescriptor: () => false,
    detach: async () => void asked.push('detach'),
  } satisfies ServiceHost;
  const run: Pick<Run, 'pid' | 'ended' | 'askToStop' | 'kill' | 'signal' | 'control'> = {
    pid: 7,
    ended: ended.promise,
    askToStop: async () => {
      asked.push('stop');
      if (refusal) throw refusal;
    },
    kill: () => void asked.push('kill'),
    signal: (name) => void asked.push(name),
    control: async (control) => {
      asked.push(control.type);
      return 'accepted' as const;
    },
  };
  const runner: Pick<Runner, 'start'> = {
    start: (_spec, given) => {
      events = given;
      return run as Run;
    },
  };
  const spec = specOf(declarationOf('', change));
  const onEnd = (end: RunEnd): void => void ends.push(end);
  const code = hostProgram({
    spec,
    host,
    runner: runner as Runner,
    output: noOutput(),
    clock,
    log: silent,
    onEnd,
  });
  const control = (asking: Control) => service?.control(asking);
  const states = (): string[] => told.map(({ state }) => state);
  return {
    clock,
    told,
    asked,
    ends,
    code,
    control,
    states,
    end: (how: RunEnd) => ended.resolve(how),
    says: (status: LifecycleStatus) => events?.onStatus(status),
    refuse: (error: Error) => (refusal = error),
  };
}

describe('the host of a program under the SCM', () => {
  it('is up when the program runs, and ends with it', async () => {
    const { clock, end, code, states, asked, ends } = stage();
    await turn();
    assert.deepEqual(states(), ['start-pending']);
    clock.advance(100);
    assert.deepEqual(states(), ['start-pending', 'running']);
    end({ ...good, exitCode: 3 });
    assert.equal(await code, 3);
    assert.deepEqual(states(), ['start-pending', 'running', 'stopped']);
    assert.deepEqual(asked, ['detach']);
    assert.deepEqual(ends, [{ ...good, exitCode: 3 }]);
  });

  it('asks the program to stop, kills it after its grace, and calls that no failure', async () => {
    const { clock, control, asked, end, code, states } = stage();
    await turn();
    clock.advance(100);
    assert.equal(control({ type: 'stop', reason: 'stop' }), 'accepted');
    assert.equal(control({ type: 'stop', reason: 'stop' }), 'accepted');
    assert.deepEqual([states().at(-1), ...asked], ['stop-pending', 'stop']);
    clock.advance(5_000);
    assert.deepEqual(asked, ['stop', 'kill']);
    end({ ...good, exitCode: 1 });
    assert.equal(await code, 0);
    assert.equal(clock.pendingTimers, 0);
  });

  it('kills what cannot be asked', async () => {
    const { refuse, control, asked, end, code } = stage();
    await turn();
    refuse(new Error('no console'));
    control({ type: 'stop', reason: 'shutdown' });
    await turn();
    assert.deepEqual(asked, ['stop', 'kill']);
    end(good);
    await code;
  });

  it('kills at once when the runner says so', async () => {
    const { control, asked, end, code } = stage();
    await turn();
    assert.equal(control({ type: 'custom', code: killControl }), 'accepted');
    assert.deepEqual(asked, ['kill']);
    end({ ...good, exitCode: undefined, signal: 'SIGKILL' });
    assert.equal(await code, 0);
  });

  it('reloads by the signal of the manifest, and says no to what nobody offers', async () => {
    const { clock, control, asked, end, code } = stage({
      stop: { by: { type: 'signal', signal: 'SIGTERM' }, graceMs: 1, reloadSignal: 'SIGHUP' },
    });
    await turn();
    assert.equal(control({ type: 'reload' }), 'cannot-accept');
    clock.advance(100);
    assert.equal(control({ type: 'reload' }), 'accepted');
    assert.equal(control({ type: 'pause' }), 'unsupported');
    assert.deepEqual(asked, ['SIGHUP']);
    end(good);
    await code;
  });

  it('passes on what a Mainstay service says and is asked, but its end', async () => {
    const { clock, control, asked, end, code, says, states } = stage({
      program: { type: 'service', command: 'node', args: [], source: '/s' },
    });
    await turn();
    clock.advance(1_000);
    assert.deepEqual(states(), ['start-pending']);
    const accepts = { ...acceptsNothing, pause: true };
    const status = { accepts, checkpoint: 0, waitHintMs: 0, reloading: false, text: '' };
    says({ ...status, state: 'running' });
    assert.equal(control({ type: 'pause' }), 'accepted');
    assert.deepEqual(asked, ['pause']);
    says({ ...status, state: 'stopped' });
    assert.equal(states().at(-1), 'running');
    end(good);
    await code;
    assert.equal(states().at(-1), 'stopped');
  });
});

describe('what the SCM is told of an end', () => {
  it('makes it do as the rules say', () => {
    const rules = { policy: 'on-failure', neverOn: [9], successOn: [5] } as const;
    const always = { ...rules, policy: 'always' } as const;
    const of = (exitCode: number): RunEnd => ({ ...good, exitCode });
    const signal = { ...good, exitCode: undefined, signal: 'SIGKILL' };
    const failed = { ...good, exitCode: undefined, error: new Error('no such program') };
    assert.deepEqual(
      [of(0), of(5), of(9), of(4), signal, failed].map((end) => reportedCode(end, rules, false)),
      [0, 0, 0, 4, 1, 1],
    );
    assert.deepEqual(
      [of(0), of(5), of(9), of(4)].map((end) => reportedCode(end, always, false)),
      [1, 5, 0, 4],
    );
    assert.equal(reportedCode(of(4), always, true), 0);
  });

  it('is kept as it was in a file, for the run of that process', () => {
    const folder = mkdtempSync(join(tmpdir(), 'hosted-'));
    const file = join(folder, 'x.ends');
    try {
      assert.deepEqual(readHostedEnds(file, '7@1'), []);
      noteHostedEnd(file, 7, { ...good, exitCode: 9 });
      noteHostedEnd(file, 8, { ...good, exitCode: undefined, signal: 'SIGKILL', outOfMemory: true });
      writeFileSync(file, '{"host":7,"exi', { flag: 'a' });
      assert.deepEqual(readHostedEnds(file, '7@1'), [
        { run: '7@1', exitCode: 9, exitSignal: undefined, outOfMemory: false },
      ]);
      assert.equal(readHostedEnds(file, '8@')[0]?.outOfMemory, true);
      assert.deepEqual(readHostedEnds(file, undefined), []);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
