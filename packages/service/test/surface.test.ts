import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as service from '../src/index.ts';
import * as main from '../src/main/index.ts';

// What services are written against, as literals: a change here is a change of the product.
describe('public surface of the SDK', () => {
  it('@mainstay/service', () => {
    assert.deepEqual(Object.keys(service).sort(), [
      'AppError',
      'ExitCode',
      'Service',
      'defineErrors',
      'defineService',
      'formatDuration',
      'formatSize',
      'httpErrors',
      'isAppError',
      'parseDuration',
      'parseSize',
      'readBody',
      'readJson',
      'sendJson',
      'sendProblem',
      'serveHttp',
      'serviceErrors',
      'writeFileAtomic',
    ]);
  });

  it('@mainstay/service/main', () => {
    assert.deepEqual(Object.keys(main), ['main']);
  });

  it('error codes', () => {
    assert.deepEqual(Object.keys(service.serviceErrors.entries), [
      'SERVICE_INVALID_DEFINITION',
      'SERVICE_INVALID_HANDLERS',
      'SERVICE_NOT_EXPORTED',
      'SERVICE_LOCKED',
      'SERVICE_LOCK_FAILED',
      'SERVICE_ENDING',
    ]);
  });
});
