import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { AppError, defineErrors, isAppError, messageOf } from '../src/index.ts';

const errors = defineErrors('test', {
  TEST_PLAIN: { kind: 'bug', summary: 'Plain', action: 'None' },
  TEST_CODED: { kind: 'operator', summary: 'Coded', action: 'None', exitCode: 6 },
});

describe('an error table', () => {
  it('makes errors with its code, and the exit code of the row', () => {
    const error = errors.error('TEST_CODED', 'It was coded', { details: { at: 1 } });
    assert.ok(error instanceof AppError);
    const { code, message, exitCode, details } = error;
    assert.deepEqual(
      { code, message, exitCode, details },
      { code: 'TEST_CODED', message: 'It was coded', exitCode: 6, details: { at: 1 } },
    );
  });

  it('an exit code of the call goes before that of the row; without either there is none', () => {
    assert.equal(errors.error('TEST_CODED', 'x', { exitCode: 3 }).exitCode, 3);
    assert.equal(errors.error('TEST_PLAIN', 'x').exitCode, undefined);
  });

  it('keeps the cause, and has none when there is none', () => {
    const cause = new Error('disk');
    assert.equal(errors.error('TEST_PLAIN', 'x', { cause }).cause, cause);
    assert.equal('cause' in errors.error('TEST_PLAIN', 'x'), false);
  });
});

describe('isAppError', () => {
  it('knows one of another copy of the module, and nothing else', () => {
    const foreign = Object.assign(new Error('x'), { name: 'AppError', code: 'OTHER' });
    assert.equal(isAppError(foreign), true);
    for (const other of [new Error('x'), { name: 'AppError', code: 'X' }, undefined, 'AppError']) {
      assert.equal(isAppError(other), false);
    }
  });
});

describe('messageOf', () => {
  it('has words for anything that was thrown', () => {
    assert.equal(messageOf(new Error('x')), 'x');
    assert.equal(messageOf('text'), 'text');
    assert.equal(messageOf(undefined), 'undefined');
  });
});
