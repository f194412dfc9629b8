import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { VirtualClock } from '@mainstay/core';
import type { Manifest, Runner } from '@mainstay/supervisor';

import { Runners } from '../src/runners.ts';
import { declaration, manifestOf, recordedLog } from './fixtures.ts';

const capabilities: Runner['capabilities'] = {
  unheldLimits: {},
  unavailableStops: {},
  capturesOutput: false,
  passesSockets: false,
  changesUser: true,
  survivesAgent: true,
};

/** Runners whose native one has a unit of `mail` from an earlier agent. */
function openRunners() {
  const { logger: log } = recordedLog();
  const ended: string[] = [];
  let opened = 0;
  const runner = (kind: Runner['kind']): Runner => ({
    kind,
    capabilities,
    start: () => assert.fail('nothing is started'),
    async adopt(specOf) {
      if (specOf({ service: 'mail', instance: 0 }) === undefined) ended.push('mail');
      return [];
    },
    leftovers: async () => [],
    forget: async () => undefined,
    close: async () => undefined,
  });
  const context = {
    clock: new VirtualClock(),
    log,
    runtimeDirectory: '/nowhere',
    stateDirectory: '/nowhere',
    environment: {},
    name: 'test',
    agentExecutable: undefined,
  };
  const openNativeRunner = async () => {
    opened += 1;
    return runner('native');
  };
  const process = {
    runner: runner('process'),
    containment: 'none',
    prepare: async () => undefined,
    close: async () => undefined,
  };
  const runners = new Runners({ openNativeRunner }, context, process);
  return {
    ended,
    opened: () => opened,
    look: (current: Manifest | undefined, previous: Manifest | undefined) =>
      runners.endForgotten(current, previous, log),
  };
}

const native = manifestOf(declaration('mail', { runner: 'native' }));
const plain = manifestOf(declaration('orders'));

describe('native services of an earlier manifest', () => {
  test('are ended when the manifest of today names none', async () => {
    for (const current of [plain, undefined]) {
      const { ended, look } = openRunners();
      await look(current, native);
      assert.deepEqual(ended, ['mail']);
    }
  });

  test('are left to the supervisor, which adopts and ends, when today there are some, too', async () => {
    const { ended, opened, look } = openRunners();
    await look(native, native);
    assert.deepEqual([ended, opened()], [[], 0]);
  });

  test('are not looked for when there were none: the native runner is not even loaded', async () => {
    const { opened, look } = openRunners();
    await look(plain, plain);
    await look(plain, undefined);
    assert.equal(opened(), 0);
  });
});
