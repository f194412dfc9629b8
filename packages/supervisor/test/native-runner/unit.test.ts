import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { unitEnvironment } from '../../src/native-runner/environment.ts';
import { endOf, startOf } from '../../src/native-runner/run-identity.ts';
import { unheldLimitsOf, type LimitFacts } from '../../src/native-runner/unheld-limits.ts';
import { parseUnitName, unitNameOf } from '../../src/native-runner/unit.ts';
import { declarationOf } from './declarations.ts';

const facts = (files: Readonly<Record<string, string>>, change: Partial<LimitFacts> = {}): LimitFacts => ({
  uid: 1000,
  hasHost: false,
  readText: (path) => files[path],
  ...change,
});
const unheld = (...args: Parameters<typeof unheldLimitsOf>): string[] =>
  Object.keys(unheldLimitsOf(...args)).sort();

describe('the unit of an instance', () => {
  it('has a name that leads back to it, also when the service ends in a number', () => {
    for (const id of [
      { service: 'shop', instance: 0 },
      { service: 'shop-1', instance: 12 },
      { service: 'a.b_c-d', instance: 3 },
    ]) {
      assert.deepEqual(parseUnitName(unitNameOf(id)), id);
    }
    for (const name of ['mainstay', 'mainstay-agent', 'mainstay-x-01', 'other-x-1'])
      assert.equal(parseUnitName(name), undefined, name);
  });

  it('gets what the manifest sets, and of the agent what programs need', () => {
    const agent = { PATH: '/bin', HOME: '/root', TERM: 'xterm', INVOCATION_ID: 'x' };
    const env = {
      ...agent,
      HOME: '/srv',
      OWN: '1',
      MAINSTAY_RUN: '7',
      MAINSTAY_AGENT_ID: 'a',
      MAINSTAY_SERVICE: 'shop',
    };
    const declaration = declarationOf('', { env: { OWN: '1', HOME: '/srv' } });
    assert.deepEqual(unitEnvironment({ env, declaration }, agent), {
      PATH: '/bin',
      HOME: '/srv',
      OWN: '1',
      MAINSTAY_SERVICE: 'shop',
    });
  });
});

describe('limits that a manager cannot hold', () => {
  const root = '/sys/fs/cgroup/cgroup.controllers';
  const mine = '/sys/fs/cgroup/user.slice/user-1000.slice/user@1000.service/cgroup.controllers';

  it('are those whose controllers systemd does not have', () => {
    const system = { kind: 'systemd', scope: 'system' } as const;
    const user = { kind: 'systemd', scope: 'user' } as const;
    assert.deepEqual(unheld(system, facts({ [root]: 'cpuset cpu io memory pids\n' })), []);
    assert.deepEqual(unheld(system, facts({ [root]: 'cpu memory' })), ['processes']);
    const old =
      '#subsys_name\thierarchy\tnum_cgroups\tenabled\ncpu\t2\t1\t1\nmemory\t4\t1\t1\npids\t0\t1\t1\n';
    assert.deepEqual(unheld(system, facts({ '/proc/cgroups': old })), ['processes']);
    assert.deepEqual(unheld(user, facts({ [mine]: 'memory pids' })), ['cpu', 'priority']);
    assert.deepEqual(unheld(user, facts({ '/proc/cgroups': old })), [
      'cpu',
      'memory.hard',
      'priority',
      'processes',
    ]);
  });

  it('are most of them without a host on Windows, and some with launchd', () => {
    const scm = { kind: 'scm', scope: 'system' } as const;
    assert.equal(unheld(scm, facts({})).length, 5);
    assert.deepEqual(unheld(scm, facts({}, { hasHost: true })), []);
    assert.deepEqual(unheld({ kind: 'launchd', scope: 'system' }, facts({})), [
      'cpu',
      'memory.hard',
      'processes',
    ]);
  });
});

describe('the end of a run', () => {
  const info = {
    name: 'x',
    pid: undefined,
    enabled: false,
    text: '',
    restarts: 0,
    definition: 'x',
    since: undefined,
    state: 'failed' as const,
    exitCode: 4,
    exitSignal: undefined,
  };
  const noted = { run: 'a', exitCode: 9, exitSignal: undefined, outOfMemory: true };

  it('is what was noted of that very run', () => {
    assert.partialDeepStrictEqual(endOf('a', info, [noted, { ...noted, run: 'b', exitCode: 1 }]), {
      exitCode: 9,
      outOfMemory: true,
    });
    assert.equal(endOf(undefined, info, [noted]).exitCode, 9);
    assert.equal(endOf('c', info, []).exitCode, 4);
  });

  it('is not known of one that another has followed', () => {
    assert.equal(endOf('a', { ...info, pid: 5 }, []).exitCode, undefined);
    const run = { id: 'b', startedAt: undefined, outOfMemory: false, usage: undefined };
    assert.equal(endOf('a', { ...info, run }, []).exitCode, undefined);
  });

  it('is an error when there was nothing to run', () => {
    assert.match(endOf('a', { ...info, exitCode: 203 }, []).error?.message ?? '', /could not be executed/);
  });

  it('comes after a start that is told to the second', () => {
    const at = (since: number): number => startOf({ ...info, since }, 5_400);
    assert.deepEqual([at(5_000), at(3_000), at(6_000)], [5_400, 3_000, 6_000]);
  });
});
