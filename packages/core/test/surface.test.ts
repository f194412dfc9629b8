import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as core from '../src/index.ts';

// What others build on, as literals: a change here is a change of the product.
describe('public surface of core', () => {
  it('exports', () => {
    assert.deepEqual(Object.keys(core).sort(), [
      'AppError',
      'ExitCode',
      'VirtualClock',
      'acceptsNothing',
      'answerControl',
      'defaultLifecycleLimits',
      'defineErrors',
      'detachTimeoutMs',
      'entriesOf',
      'formatDuration',
      'formatSize',
      'initialLifecycle',
      'isAppError',
      'isPending',
      'logLevels',
      'maxQueuedDeliveries',
      'messageOf',
      'parseDuration',
      'parseSize',
      'passedSocketsVariable',
      'primaryLimits',
      'quantityErrors',
      'readPassedSockets',
      'readReclaimRequest',
      'readStartArguments',
      'readSupervisedMessage',
      'readSupervisorMessage',
      'serviceNameProblem',
      'serviceStates',
      'startArgumentsVariable',
      'statusOf',
      'stepLifecycle',
      'stopAllowanceMs',
    ]);
  });

  it('exit codes', () => {
    assert.deepEqual(core.ExitCode, {
      ok: 0,
      failed: 1,
      usage: 2,
      notRunning: 3,
      noPrivilege: 4,
      notInstalled: 5,
      notConfigured: 6,
      needsRunning: 7,
      crashed: 70,
      forced: 124,
    });
  });

  it('states', () => {
    assert.deepEqual(core.serviceStates, [
      'stopped',
      'start-pending',
      'running',
      'pause-pending',
      'paused',
      'continue-pending',
      'stop-pending',
    ]);
  });

  it('deadlines', () => {
    assert.deepEqual(core.defaultLifecycleLimits, {
      startTimeoutMs: 90_000,
      stopTimeoutMs: 15_000,
      pauseTimeoutMs: 15_000,
      reloadTimeoutMs: 30_000,
      disposeTimeoutMs: 5_000,
    });
  });

  it('error codes', () => {
    assert.deepEqual(Object.keys(core.quantityErrors.entries), [
      'QUANTITY_INVALID_DURATION',
      'QUANTITY_INVALID_SIZE',
    ]);
  });
});
