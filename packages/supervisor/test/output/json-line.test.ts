import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { readJsonLine } from '../../src/output/json-line.ts';

const time = Date.UTC(2026, 0, 2, 3, 4, 5);

describe('JSON lines', () => {
  for (const [who, record, level] of [
    ['Mainstay', { level: 'info', time: '2026-01-02T03:04:05.000Z', msg: 'Ready', port: 1 }, 'info'],
    ['pino', { level: 50, time, msg: 'Ready', port: 1 }, 'error'],
    ['bunyan', { v: 0, level: 35, time: '2026-01-02T03:04:05.000Z', msg: 'Ready', port: 1 }, 'info'],
    ['zap', { level: 'warn', ts: time / 1000, msg: 'Ready', port: 1 }, 'warn'],
    [
      'ECS',
      { 'log.level': 'WARNING', '@timestamp': '2026-01-02T03:04:05.000Z', message: 'Ready', port: 1 },
      'warn',
    ],
    ['Serilog', { '@l': 'Information', '@t': '2026-01-02T03:04:05.000Z', '@m': 'Ready', port: 1 }, 'info'],
    [
      'Python',
      { levelname: 'CRITICAL', timestamp: '2026-01-02T03:04:05.000Z', message: 'Ready', port: 1 },
      'fatal',
    ],
  ] as const)
    it(`of ${who} are read`, () => {
      const line = readJsonLine(JSON.stringify(record));
      assert.equal(line?.level, level);
      assert.equal(line.message, 'Ready');
      assert.equal(line.time, time);
      assert.equal(line.fields.port, 1);
    });

  it('are objects with a message', () => {
    for (const text of [
      '',
      'Ready',
      '{',
      '{}',
      '[1]',
      '{"level":"info"}',
      '{"msg":1}',
      '"msg"',
      '{"msg":"x"',
    ])
      assert.equal(readJsonLine(text), undefined, text);
    assert.equal(readJsonLine('{"msg":"x","level":"constructor"}')?.level, undefined);
    assert.equal(readJsonLine('{"msg":"x"}\r')?.message, 'x');
  });
});
