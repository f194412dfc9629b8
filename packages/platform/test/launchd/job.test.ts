import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ServiceSpec } from '@mainstay/core';
import * as fc from 'fast-check';
import { parse } from 'plist';
import { formatJob, jobNotes, labelFor, renderJob, roleAccountFor } from '../../src/launchd/job.ts';
import { checkJob, type PlistDictionary } from '../../src/launchd/job-keys.ts';
import { programOf } from '../program-settings.ts';
import { isDisabled, jobState, parsePrint } from '../../src/launchd/print.ts';

const spec: ServiceSpec = {
  name: 'orders',
  displayName: 'Orders',
  description: '',
  executable: '/usr/local/bin/orders',
  args: ['run'],
  scope: 'system',
  account: { type: 'virtual' },
  environment: {},
  dependencies: [],
  autoStart: true,
  delayedStart: true,
  recovery: { restart: 'on-failure', delayMs: 1_000, maxRestarts: 5, windowMs: 60_000 },
  startTimeoutMs: 90_000,
  stopTimeoutMs: 24_500,
  preshutdownTimeoutMs: 15_000,
  watchdogMs: 0,
  directories: { state: '/s', logs: '/l', config: '/c' },
};

describe('a launchd job', () => {
  it('has the keys and types of launchd.plist(5)', () => {
    const job = renderJob(spec);
    assert.deepEqual(checkJob(job), []);
    assert.partialDeepStrictEqual(job, {
      Label: 'mainstay.orders',
      UserName: '_orders',
      RunAtLoad: true,
      KeepAlive: { SuccessfulExit: false },
      ThrottleInterval: 10,
      ExitTimeOut: 25,
    });
    assert.equal(renderJob({ ...spec, scope: 'user' })['UserName'], undefined);
    assert.equal(
      renderJob({ ...spec, recovery: { ...spec.recovery, restart: 'never' } })['KeepAlive'],
      false,
    );
  });

  it('runs a program of the agent as its child would run, and says what it cannot keep', () => {
    const limits = { ...programOf().limits, openFiles: 64, nice: 10, memoryHardBytes: 1e6, processes: 3 };
    const program = programOf({ limits, neverOn: [3], stopSignal: 'SIGINT' });
    const job = renderJob({
      ...spec,
      account: { type: 'named', name: 'root' },
      environment: { A: '1' },
      program,
    });
    assert.deepEqual(checkJob(job), []);
    assert.partialDeepStrictEqual(job, {
      UserName: 'root',
      WorkingDirectory: '/srv',
      EnvironmentVariables: { A: '1' },
      Nice: 10,
      SoftResourceLimits: { NumberOfFiles: 64 },
      HardResourceLimits: { NumberOfFiles: 64 },
    });
    assert.equal(job['Umask'], undefined);
    const notes = jobNotes({ ...spec, program }).join('\n');
    for (const what of [/cannot limit memory/, /cannot limit processes/, /exit code 0 alone/, /SIGTERM/])
      assert.match(notes, what);
    assert.doesNotMatch(notes, /cannot limit cpu/);
  });

  it('is read back from its property list as it was', () => {
    // XML knows neither control characters nor a carriage return of its own.
    const text = fc.string().map((value) => value.replace(/[^\u0020-\ud7ff]/g, ''));
    fc.assert(
      fc.property(fc.array(text), text, (args, value) => {
        const changed = { ...spec, args, environment: { A: value } };
        assert.deepEqual(parse(formatJob(changed)), renderJob(changed));
      }),
    );
  });

  it('refuses what XML cannot hold', () => {
    assert.throws(() => formatJob({ ...spec, args: ['\u0001'] }), { code: 'MANAGER_INVALID_SPEC' });
  });

  it('is refused with each wrong key and type', () => {
    const wrong: ReadonlyArray<readonly [PlistDictionary, RegExp]> = [
      [{ RunAtLoad: 'true' }, /^RunAtLoad: must be a boolean$/],
      [{ ThrottleInterval: '10' }, /^ThrottleInterval: must be an integer/],
      [{ ExitTimeOut: -1 }, /^ExitTimeOut: must be an integer that is not negative$/],
      [{ KeepAlive: { SuccesfulExit: true } }, /KeepAlive: .*SuccesfulExit is not a key/],
      [{ ProcessType: 'Fast' }, /^ProcessType: must be one of/],
      [{ EnvironmentVariables: { A: 1 } }, /^EnvironmentVariables: A: must be a string$/],
      [{ ProgramArguments: ['a', 1] }, /^ProgramArguments: item 1: must be a string$/],
      [{ SoftResourceLimits: { NumberOfFiles: 1.5 } }, /NumberOfFiles: must be an integer/],
      [{ Sockets: { http: { SockType: 'tcp' } } }, /SockType: must be one of/],
      [{ RunAtStart: true }, /^RunAtStart is not a key of launchd.plist\(5\)$/],
      [{ toString: true }, /^toString is not a key/],
    ];
    for (const [change, expected] of wrong) {
      const problems = checkJob({ Label: 'x', Program: '/x', ...change });
      assert.equal(problems.length, 1, JSON.stringify(change));
      assert.match(problems[0] ?? '', expected);
    }
    assert.deepEqual(checkJob({}), ['Label is required', 'Program or ProgramArguments is required']);
  });

  it('has a label and an account that fit', () => {
    assert.equal(labelFor('com.acme.orders'), 'com.acme.orders');
    assert.equal(roleAccountFor('com.acme-orders'), '_com_acme_orders');
  });
});

describe('the output of launchctl', () => {
  it('is read at its first level only', () => {
    const output =
      'system/x = {\n\tstate = running\n\tsub = {\n\t\tpid = 1\n\t}\n\tpid = 77\n\tlast exit code = (never exited)\n}\n';
    assert.partialDeepStrictEqual(parsePrint(output), { state: 'running', pid: 77, lastExitCode: undefined });
  });

  it('becomes a state', () => {
    const job = {
      state: 'not running',
      pid: undefined,
      lastExitCode: undefined,
      lastSignal: undefined,
      runs: 1,
    };
    assert.equal(jobState(undefined), 'stopped');
    assert.equal(jobState({ ...job, state: 'running', pid: 1 }), 'running');
    assert.equal(jobState({ ...job, state: 'spawn scheduled' }), 'start-pending');
    assert.equal(jobState({ ...job, lastExitCode: 0 }), 'stopped');
    assert.equal(jobState({ ...job, lastExitCode: 70 }), 'failed');
  });

  it('says what is disabled', () => {
    const output = 'disabled services = {\n\t\t"a.b" => disabled\n\t\t"c" => enabled\n\t\t"d" => true\n\t}\n';
    assert.deepEqual(
      ['a.b', 'aXb', 'c', 'd'].map((label) => isDisabled(output, label)),
      [true, false, false, true],
    );
  });
});
