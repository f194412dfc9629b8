import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { formatDuration, formatSize, isAppError, parseDuration, parseSize } from '../src/index.ts';

describe('parseDuration', () => {
  const cases: ReadonlyArray<readonly [string | number, number]> = [
    ['500ms', 500],
    ['30s', 30_000],
    ['1h30m', 5_400_000],
    [' 1 h 30 m ', 5_400_000],
    ['1.5s', 1500],
    ['2d', 172_800_000],
    ['0', 0],
    ['250', 250],
    [250, 250],
  ];
  for (const [text, milliseconds] of cases) {
    it(`${JSON.stringify(text)} is ${milliseconds} ms`, () =>
      assert.equal(parseDuration(text), milliseconds));
  }

  for (const text of [
    '',
    ' ',
    's',
    '10x',
    '-1s',
    '1s2',
    '1,5s',
    '1e3',
    `${'9'.repeat(400)}s`,
    -1,
    Number.NaN,
  ]) {
    it(`refuses ${JSON.stringify(text).slice(0, 20)}`, () =>
      assert.throws(() => parseDuration(text), { code: 'QUANTITY_INVALID_DURATION' }));
  }

  it('reads the sum of its parts, in any order', () => {
    const unit = fc.constantFrom(
      ['ms', 1] as const,
      ['s', 1000] as const,
      ['m', 60_000] as const,
      ['h', 3_600_000] as const,
    );
    const part = fc.tuple(fc.nat(10_000), unit);
    fc.assert(
      fc.property(fc.array(part, { minLength: 1, maxLength: 6 }), (parts) => {
        const text = parts.map(([count, [name]]) => `${count}${name}`).join('');
        const sum = parts.reduce((total, [count, [, ms]]) => total + count * ms, 0);
        assert.equal(parseDuration(text), sum);
      }),
    );
  });

  it('takes any text or refuses it with an AppError, and never gives what is not a duration', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.stringMatching(/^[\d.smhd ]{0,12}$/)), (text) => {
        try {
          const milliseconds = parseDuration(text);
          assert.ok(Number.isFinite(milliseconds) && milliseconds >= 0);
        } catch (error) {
          assert.ok(isAppError(error));
        }
      }),
    );
  });
});

describe('formatDuration', () => {
  it('shows the two largest units', () => {
    assert.equal(formatDuration(999.4), '999ms');
    assert.equal(formatDuration(90_500), '1m 30s');
    assert.equal(formatDuration(86_400_000 + 5), '1d');
    assert.equal(formatDuration(90_061_000), '1d 1h');
  });

  it('is read back to less than one of its smaller unit off', () => {
    fc.assert(
      fc.property(fc.nat(10 * 86_400_000), (milliseconds) => {
        const off = milliseconds - parseDuration(formatDuration(milliseconds));
        assert.ok(off >= 0 && off < 3_600_000, `${milliseconds} → ${formatDuration(milliseconds)}`);
      }),
    );
  });
});

describe('parseSize', () => {
  const cases: ReadonlyArray<readonly [string | number, number]> = [
    ['512B', 512],
    ['64KiB', 65_536],
    ['100MB', 100_000_000],
    ['1.5 GiB', 1_610_612_736],
    ['12', 12],
    [12, 12],
    ['1tb', 1e12],
  ];
  for (const [text, bytes] of cases) {
    it(`${JSON.stringify(text)} is ${bytes} bytes`, () => assert.equal(parseSize(text), bytes));
  }

  for (const text of [
    '',
    'MB',
    '-1B',
    '1 XB',
    '1e3',
    `${'9'.repeat(400)}B`,
    '9007199254740993TB',
    -1,
    Number.NaN,
  ]) {
    it(`refuses ${JSON.stringify(text).slice(0, 20)}`, () =>
      assert.throws(() => parseSize(text), { code: 'QUANTITY_INVALID_SIZE' }));
  }

  it('what formatSize shows is within 5 % of what it was', () => {
    fc.assert(
      fc.property(fc.nat(2 ** 40), (bytes) => {
        const read = parseSize(formatSize(bytes));
        assert.ok(Math.abs(read - bytes) <= bytes * 0.05, `${bytes} → ${formatSize(bytes)}`);
      }),
    );
  });
});
