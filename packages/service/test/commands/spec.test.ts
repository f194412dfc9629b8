import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { primaryLimits, stopAllowanceMs, type ServiceSpec } from '@mainstay/core';
import { MemoryManager } from '../../../platform/test/memory-manager.ts';
import { renderJob } from '../../../platform/src/launchd/job.ts';
import { renderUnit } from '../../../platform/src/systemd/unit.ts';
import { limitsOf, buildSpec } from '../../src/commands/spec.ts';
import type { ServiceDefinition } from '../../src/types.ts';
import { definition } from './harness.ts';

const specOf = (change: Partial<ServiceDefinition>): ServiceSpec => ({
  ...buildSpec({ ...definition, ...change }, {}, new MemoryManager(), {
    executable: '/opt/orders/orders',
    args: [],
  }),
  directories: { state: '/var/lib/orders', logs: '/var/log/orders', config: '/etc/orders' },
});

describe('what a manager is told of deadlines', () => {
  it('leaves a service time for its stop and for its clean-up', () => {
    const spec = specOf({ limits: { stopTimeoutMs: 10_000, disposeTimeoutMs: 30_000 } });
    assert.equal(spec.stopTimeoutMs, 45_000);
    assert.equal(spec.preshutdownTimeoutMs, 45_000);
    assert.match(renderUnit(spec), /^TimeoutStopSec=45s$/m);
    assert.equal(renderJob(spec)['ExitTimeOut'], 45);
  });

  it('is 25 s where the service says nothing', () => {
    assert.match(renderUnit(specOf({})), /^TimeoutStopSec=25s$/m);
  });

  it('leaves a primary time for its instances, also when the configuration says how many', () => {
    const own = limitsOf(definition);
    const wanted = stopAllowanceMs(primaryLimits(own));
    for (const instances of [2, () => 1]) assert.equal(specOf({ instances }).stopTimeoutMs, wanted);
    assert.equal(specOf({ instances: 1 }).stopTimeoutMs, stopAllowanceMs(own));
  });
});
