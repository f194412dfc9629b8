import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import {
  readPassedSockets,
  readStartArguments,
  readSupervisedMessage,
  readSupervisorMessage,
} from '../src/index.ts';

describe('messages between a supervisor and its service', () => {
  it('are read', () => {
    const control = { type: 'control', control: { type: 'pause' }, id: 3 } as const;
    assert.deepEqual(readSupervisorMessage(control), control);
    assert.deepEqual(readSupervisorMessage({ type: 'probe', id: 4, more: true }), { type: 'probe', id: 4 });
    const answer = { type: 'answer', id: 3, answer: 'accepted' } as const;
    assert.equal(readSupervisedMessage(answer), answer);
    const reclaim = {
      type: 'reclaim',
      request: { reason: 'memory', used: 2, limit: 1 },
      id: 5,
    } as const;
    assert.deepEqual(readSupervisorMessage(reclaim), reclaim);
    const reclaimed = { type: 'reclaimed', id: 5, done: false } as const;
    assert.deepEqual(readSupervisedMessage(reclaimed), reclaimed);
  });

  it('sockets that the primary was passed are read, and nothing else', () => {
    const sockets = [{ fd: 3, name: 'http' }];
    assert.deepEqual(readPassedSockets(JSON.stringify(sockets)), sockets);
    assert.deepEqual(readPassedSockets('[{"fd":-1,"name":"x"},{"fd":4},null,{"fd":1.5,"name":"y"}]'), []);
    for (const text of [undefined, '', '{', '{}', 'null']) assert.deepEqual(readPassedSockets(text), []);
  });

  it('arguments of the primary are read, and nothing else', () => {
    assert.deepEqual(readStartArguments('["-v","",7,null,"x y"]'), ['-v', '', 'x y']);
    for (const text of [undefined, '', '[', '{}', '"-v"', 'null'])
      assert.deepEqual(readStartArguments(text), []);
  });

  it('anything else is not taken for one, and does not throw', () => {
    for (const message of [
      undefined,
      'stop',
      { type: 'control', id: 1 },
      { type: 'control', control: { type: 'explode' }, id: 1 },
      { type: 'control', control: { type: 'stop' } },
      { type: 'probe' },
      { type: 'reclaim', id: 1 },
      { type: 'reclaim', id: 1, request: { reason: 'cpu', used: 2, limit: 1 } },
      { type: 'reclaim', id: 1, request: { reason: 'memory', used: -1, limit: 1 } },
      { type: 'reclaim', id: 1, request: { reason: 'memory', used: 1, limit: Infinity } },
    ]) {
      assert.equal(readSupervisorMessage(message), undefined);
    }
    fc.assert(
      fc.property(fc.anything(), (message) => {
        readSupervisorMessage(message);
        readSupervisedMessage(message);
      }),
    );
  });
});
