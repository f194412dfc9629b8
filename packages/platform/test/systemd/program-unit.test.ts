import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ProgramSettings, ServiceSpec } from '@mainstay/core';
import { parseEnds } from '../../src/systemd/ends.ts';
import { readOwnUnit, renderUnit } from '../../src/systemd/unit.ts';
import { parseUnit, valuesOf } from '../../src/systemd/unit-file.ts';
import { parseShows, serviceInfo } from '../../src/systemd/show.ts';
import { programOf } from '../program-settings.ts';

const spec: ServiceSpec = {
  name: 'mainstay-shop-0',
  displayName: 'shop 0',
  description: '',
  executable: '/usr/bin/python3',
  args: ['worker.py'],
  scope: 'system',
  account: { type: 'named', name: 'root' },
  environment: { A: '1' },
  dependencies: [],
  autoStart: false,
  delayedStart: false,
  recovery: { restart: 'always', delayMs: 1_000, maxRestarts: 5, windowMs: 60_000 },
  startTimeoutMs: 90_000,
  stopTimeoutMs: 17_000,
  preshutdownTimeoutMs: 17_000,
  watchdogMs: 0,
  directories: { state: '/var/lib/x', logs: '/var/log/x', config: '/etc/x' },
};

const unit = (change: Partial<ProgramSettings> = {}) => {
  const sections = parseUnit(renderUnit({ ...spec, program: programOf(change) }));
  return (key: string): string[] => valuesOf(sections, 'Service', key);
};

describe('the unit of a program of the agent', () => {
  it('runs anything, as a child of the agent would run', () => {
    const service = unit();
    assert.deepEqual(service('Type'), ['exec']);
    assert.deepEqual(service('WorkingDirectory'), ['/srv']);
    assert.deepEqual(service('KillMode'), ['mixed']);
    assert.deepEqual(service('KillSignal'), ['SIGTERM']);
    assert.deepEqual(service('OOMPolicy'), ['kill']);
    for (const key of [
      'ProtectHome',
      'NoNewPrivileges',
      'UMask',
      'StateDirectory',
      'RuntimeDirectory',
      'WatchdogSec',
    ])
      assert.deepEqual(service(key), [], key);
    for (const key of [
      'MemoryMax',
      'MemoryHigh',
      'CPUQuota',
      'TasksMax',
      'LimitNOFILE',
      'Nice',
      'ExecReload',
      'ExecStop',
    ])
      assert.deepEqual(service(key), [], key);
  });

  it('waits for a Mainstay service, and gives it a place for its control socket', () => {
    const service = unit({ readiness: 'notify', neverOn: [2, 9] });
    assert.deepEqual(service('Type'), ['notify']);
    assert.deepEqual(service('RuntimeDirectory'), ['mainstay-shop-0']);
    assert.deepEqual(service('RestartPreventExitStatus'), ['2 6 9']);
  });

  it('has each limit and rule in the words of systemd', () => {
    const service = unit({
      limits: {
        memorySoftBytes: 1e6,
        memoryHardBytes: 2e6,
        cpuPercent: 150,
        processes: 9,
        openFiles: 64,
        nice: -5,
      },
      neverOn: [3],
      successOn: [4, 5],
      stopSignal: 'SIGINT',
      reloadSignal: 'USR1',
    });
    const found = ['MemoryHigh', 'MemoryMax', 'CPUQuota', 'TasksMax', 'LimitNOFILE', 'Nice'].map(
      (key) => service(key)[0],
    );
    assert.deepEqual(found, ['1000000', '2000000', '150%', '9', '64', '-5']);
    assert.deepEqual(service('RestartPreventExitStatus'), ['3']);
    assert.deepEqual(service('SuccessExitStatus'), ['4 5']);
    assert.deepEqual(service('KillSignal'), ['SIGINT']);
    assert.deepEqual(service('ExecReload'), ['/bin/kill -SIGUSR1 $MAINPID']);
  });

  it('stops by a command, after which what is left is killed', () => {
    const service = unit({ stopCommand: ['/bin/ask', '$HOME 100%'] });
    assert.match(service('ExecStop')[0] ?? '', /^\/bin\/sh -c .* sh \/bin\/ask "\$\$HOME 100%%"$/);
    assert.deepEqual(service('KillSignal'), ['SIGKILL']);
  });

  it('refuses what would be read as something else', () => {
    const invalid = { code: 'MANAGER_INVALID_SPEC' };
    assert.throws(() => unit({ stopSignal: 'TERM\nUser=root' }), invalid);
    assert.throws(() => unit({ reloadSignal: '9; rm' }), invalid);
    for (const workingDirectory of ['relative', '/a\nUser=root', '/a\\', '/a ']) {
      assert.throws(() => unit({ workingDirectory }), invalid, JSON.stringify(workingDirectory));
    }
  });

  it('knows its owner', () => {
    const owner = '/var/lib/an agent/100%/"x"';
    assert.equal(readOwnUnit(renderUnit({ ...spec, program: programOf({ owner }) }))?.owner, owner);
    assert.equal(readOwnUnit(renderUnit(spec))?.owner, undefined);
  });
});

describe('the ends that units note', () => {
  const run = 'a'.repeat(32);
  it('are read, and damage is left out', () => {
    const text = [
      `${run} exit-code exited 7`,
      `${run} oom-kill killed KILL`,
      `${run} core-dump dumped SEGV`,
      `${run} signal killed 34`,
      'not a line',
      '',
      `${run} exit-code`,
    ].join('\n');
    assert.deepEqual(parseEnds(text), [
      { run, exitCode: 7, exitSignal: undefined, outOfMemory: false },
      { run, exitCode: undefined, exitSignal: 'SIGKILL', outOfMemory: true },
      { run, exitCode: undefined, exitSignal: 'SIGSEGV', outOfMemory: false },
      { run, exitCode: undefined, exitSignal: 'signal 34', outOfMemory: false },
    ]);
  });
});

describe('a run as systemctl shows it', () => {
  it('has an identity of its own, and what it takes', () => {
    const [first, second] = parseShows(
      'LoadState=loaded\nInvocationID=abc\nMainPID=7\nExecMainStartTimestamp=@1700000000\nMemoryCurrent=4096\nCPUUsageNSec=2000000\nTasksCurrent=2\n\n' +
        'LoadState=loaded\nInvocationID=def\nResult=oom-kill\nMemoryCurrent=[not set]\nCPUUsageNSec=18446744073709551615\nTasksCurrent=[not set]\n',
    ).map((shown) => serviceInfo('x', shown).run);
    assert.deepEqual(first, {
      id: 'abc',
      startedAt: 1_700_000_000_000,
      outOfMemory: false,
      usage: { memoryBytes: 4096, cpuMs: 2, processes: 2 },
    });
    assert.deepEqual(second, { id: 'def', startedAt: undefined, outOfMemory: true, usage: undefined });
  });
});
