import assert from 'node:assert/strict';
import { it } from 'node:test';

import { limitText } from '../../src/alerts/limit-text.ts';

it('writes limits for people', () => {
  const soft = { limit: 'memory.soft', used: 70_467_584, bound: 30_000_000 } as const;
  assert.equal(
    limitText({ ...soft, action: 'reclaim' }),
    '67.2 MiB of its soft limit 28.6 MiB; it is asked to give memory back',
  );
  assert.match(limitText({ ...soft, action: 'restart' }), /is restarted$/);
  assert.equal(
    limitText({ limit: 'memory.hard', used: 1024, bound: 30_000_000, action: 'kill' }),
    'It reached its hard limit of 28.6 MiB, and was killed for it',
  );
  assert.equal(
    limitText({ limit: 'openFiles', used: 921, bound: 900, action: 'reclaim' }),
    '921 open files, over the 900 that are an alert; it is asked to close some',
  );
});
