import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ServiceSpec } from '@mainstay/core';
import { readOwnUnit, renderUnit, timeSpan, unitName } from '../../src/systemd/unit.ts';
import { parseUnit, valuesOf } from '../../src/systemd/unit-file.ts';

const spec: ServiceSpec = {
  name: 'orders',
  displayName: 'Orders',
  description: 'Takes 100% of all orders',
  executable: '/opt/orders',
  args: ['run'],
  scope: 'system',
  account: { type: 'virtual' },
  environment: { B: '2', A: 'one two' },
  dependencies: ['postgresql', 'net.mount'],
  autoStart: true,
  delayedStart: true,
  recovery: { restart: 'on-failure', delayMs: 1_500, maxRestarts: 5, windowMs: 60_000 },
  startTimeoutMs: 90_000,
  stopTimeoutMs: 25_000,
  preshutdownTimeoutMs: 15_000,
  watchdogMs: 30_000,
  directories: { state: '/var/lib/orders', logs: '/var/log/orders', config: '/etc/orders' },
};

const values = (change: Partial<ServiceSpec>, section: string, key: string): string[] =>
  valuesOf(parseUnit(renderUnit({ ...spec, ...change })), section, key);

describe('the unit of a service', () => {
  it('is the same text for the same spec, in whatever order its environment is', () => {
    const reversed = { ...spec, environment: { A: 'one two', B: '2' } };
    assert.equal(renderUnit(reversed), renderUnit(spec));
  });

  it('says what was asked for', () => {
    const service = (key: string): string[] => values({}, 'Service', key);
    assert.deepEqual(values({}, 'Unit', 'Description'), ['Orders: Takes 100%% of all orders']);
    assert.deepEqual(values({}, 'Unit', 'Requires'), ['postgresql.service net.mount']);
    assert.deepEqual(values({}, 'Unit', 'After'), ['network.target postgresql.service net.mount']);
    // The first start is none of the five restarts.
    assert.deepEqual(values({}, 'Unit', 'StartLimitBurst'), ['6']);
    assert.deepEqual(service('Type'), ['notify']);
    assert.deepEqual(service('ExecStart'), ['/opt/orders run']);
    assert.deepEqual(service('Environment'), ['"A=one two"', 'B=2']);
    assert.deepEqual(service('RestartSec'), ['1500ms']);
    assert.deepEqual(service('WatchdogSec'), ['30s']);
    assert.deepEqual(service('DynamicUser'), ['yes']);
    assert.deepEqual(service('StateDirectory'), ['orders']);
    assert.deepEqual(service('MemoryDenyWriteExecute'), [], 'V8 does not run under it');
    assert.deepEqual(values({}, 'Install', 'WantedBy'), ['multi-user.target']);
  });

  it('lets the service give up before systemd does', () => {
    assert.deepEqual(values({}, 'Service', 'TimeoutStartSec'), ['100s']);
    assert.deepEqual(values({}, 'Service', 'TimeoutStopSec'), ['25s']);
  });

  it('has neither watchdog nor restart when neither is wanted', () => {
    const never = { recovery: { ...spec.recovery, restart: 'never' }, watchdogMs: 0 } as const;
    assert.deepEqual(values(never, 'Service', 'Restart'), ['no']);
    assert.deepEqual(values(never, 'Unit', 'StartLimitIntervalSec'), ['0s']);
    assert.deepEqual(values(never, 'Service', 'WatchdogSec'), []);
  });

  it('gives one that keeps others running control groups of its own, and no sandbox', () => {
    const text = renderUnit({ ...spec, delegate: true });
    assert.match(text, /^Delegate=yes$/m);
    assert.match(text, /^KillMode=mixed$/m);
    assert.doesNotMatch(text, /ProtectSystem|NoNewPrivileges|SystemCallFilter/);
    assert.doesNotMatch(renderUnit(spec), /Delegate/);
  });

  it('of a user has no account, and its directories by name', () => {
    const directories = {
      state: '/home/u/.local/state/orders',
      logs: '/home/u/l',
      config: '/home/u/.config/orders',
    };
    const user = { scope: 'user', directories } as const;
    assert.deepEqual(values(user, 'Service', 'DynamicUser'), []);
    assert.deepEqual(values(user, 'Service', 'ProtectSystem'), []);
    assert.deepEqual(values(user, 'Install', 'WantedBy'), ['default.target']);
    assert.ok(values(user, 'Service', 'Environment').includes('STATE_DIRECTORY=/home/u/.local/state/orders'));
  });

  it('gives a named account a directory anywhere, and a virtual one none', () => {
    const elsewhere = { directories: { ...spec.directories, state: '/srv/my orders' } };
    const named = { ...elsewhere, account: { type: 'named', name: 'orders' } } as const;
    assert.deepEqual(values(named, 'Service', 'User'), ['orders']);
    assert.deepEqual(values(named, 'Service', 'ReadWritePaths'), ['"/srv/my orders"']);
    assert.throws(() => renderUnit({ ...spec, ...elsewhere }), { code: 'MANAGER_INVALID_SPEC' });
  });

  it('refuses names that are paths, options or accounts of another syntax', () => {
    for (const name of ['../x', '-x', 'A b', '', 'a/b', 'a'.repeat(81), 'a..b', 'x@y']) {
      assert.throws(() => unitName(name), { code: 'MANAGER_INVALID_SPEC' }, name);
    }
    assert.throws(() => renderUnit({ ...spec, account: { type: 'named', name: 'a b' } }), {
      code: 'MANAGER_INVALID_SPEC',
    });
  });

  it('is told from the units of others', () => {
    assert.deepEqual(readOwnUnit(renderUnit(spec))?.directories, spec.directories);
    assert.equal(readOwnUnit('[Service]\nExecStart=/bin/true\n'), undefined);
  });

  it('writes times as systemd reads them', () => {
    assert.deepEqual([0, 1, 999.6, 1000, 90_000].map(timeSpan), ['0s', '1ms', '1s', '1s', '90s']);
  });
});
