import assert from 'node:assert/strict';
import { AppError } from '@mainstay/core';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { createJsonEncoder, type LogBase, type LogRecord } from '../../src/log/encoder.ts';
import { createPinoEncoder } from '../../src/log/pino-encoder.ts';
import { toPlain, toPlainFields } from '../../src/log/plain.ts';
import { createPrettyEncoder } from '../../src/log/pretty.ts';

const base: LogBase = { service: 's', instance: 0, version: '1', host: 'h', pid: 1, runId: 'r' };
const levels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal'] as const;

describe('encoders', () => {
  it('make the same bytes as pino of every record', () => {
    const own = createJsonEncoder(base);
    const pino = createPinoEncoder(base);
    fc.assert(
      fc.property(
        fc.constantFrom(...levels),
        fc.integer({ min: 0, max: 4e12 }),
        fc.dictionary(fc.string(), fc.anything({ withDate: true, withMap: true, withBigInt: true })),
        fc.string({ unit: 'binary' }),
        (level, time, fields, message) => {
          const record: LogRecord = { level, time, fields: toPlainFields(fields), message };
          assert.equal(own(record), pino(record));
        },
      ),
    );
  });

  it('make plain data of anything', () => {
    fc.assert(
      fc.property(
        fc.anything({ withNullPrototype: true, withTypedArray: true, withSparseArray: true }),
        (value) => {
          const once = toPlain(value);
          assert.deepEqual(toPlain(once), once);
          assert.doesNotThrow(() => JSON.stringify(once));
        },
      ),
    );
  });

  it('make lines for people, with colours only where they are wanted', () => {
    const record: LogRecord = {
      level: 'error',
      time: 0,
      fields: { id: 7, text: 'two words', err: toPlain(new Error('inner', { cause: new Error('root') })) },
      message: 'Bad \u001B[2J thing',
    };
    const plain = createPrettyEncoder({ colour: false })(record);
    assert.match(
      plain,
      /^\d\d:\d\d:\d\d\.\d{3} ERROR Bad \\x1b\[2J thing id=7 text="two words"\n {4}Error: inner/,
    );
    assert.match(plain, /caused by: Error: root/);
    assert.ok(!plain.includes('\u001B'));
    assert.ok(createPrettyEncoder({ colour: true })(record).includes('\u001B[31mERROR\u001B[0m'));
  });

  it('show of an error that says what to do its message, on a terminal', () => {
    const error = new AppError('CONFIG_INVALID', 'Port is "many": give a number');
    const record = {
      level: 'error',
      time: 0,
      fields: toPlainFields({ error }),
      message: 'Start failed',
    } as const;
    assert.match(
      createPrettyEncoder({ colour: false })(record),
      /ERROR Start failed\n {4}Port is "many": give a number\n$/,
    );
  });
});
