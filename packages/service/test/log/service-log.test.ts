import assert from 'node:assert/strict';
import { AppError } from '@mainstay/core';
import { closeSync, fstatSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import {
  createServiceLog,
  type LogBase,
  type ServiceLog,
  type ServiceLogOptions,
} from '../../src/log/index.ts';

const base: LogBase = { service: 'orders', instance: 2, version: '1.2.3', host: 'box', pid: 42, runId: 'r1' };
const time = Date.UTC(2026, 0, 2, 3, 4, 5, 6);

describe('service log', () => {
  let directory: string;
  let path: string;
  let fd: number;

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'mainstay-log-'));
    path = join(directory, 'log');
    fd = openSync(path, 'a');
  });
  afterEach(() => {
    closeSync(fd);
    rmSync(directory, { recursive: true });
  });

  const open = (options: Partial<ServiceLogOptions> = {}): ServiceLog =>
    createServiceLog({ base, env: {}, fd, now: () => time, ...options });

  function text(log: ServiceLog): string {
    log.flushSync();
    return readFileSync(path, 'utf8');
  }

  function lines(log: ServiceLog): Array<Record<string, unknown>> {
    return text(log)
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
  }

  it('writes a line of JSON with time, level, message and whose it is', () => {
    const log = open();
    log.logger.info({ orderId: 7 }, 'Order accepted');
    assert.equal(
      text(log),
      '{"level":"info","time":"2026-01-02T03:04:05.006Z","service":"orders","instance":2,"version":"1.2.3",' +
        '"host":"box","pid":42,"runId":"r1","orderId":7,"msg":"Order accepted"}\n',
    );
  });

  it('keeps lines identical and in order when pino takes over', async () => {
    const log = open();
    const say = (): void => {
      log.logger
        .child({ part: 'http' })
        .warn({ n: 1, nested: { text: 'ä"\n' }, list: [1, null] }, 'Same "line"');
      log.logger.error({ err: new TypeError('same stack'), at: new Date(time) }, 'With an error');
    };
    const fixedStack = Error.stackTraceLimit;
    Error.stackTraceLimit = 0;
    say();
    const taken = log.usePino();
    log.logger.info('while it loads');
    await taken;
    say();
    Error.stackTraceLimit = fixedStack;
    const [first, second, between, third, fourth] = text(log).split('\n');
    assert.equal(third, first);
    assert.equal(fourth, second);
    assert.match(between ?? '', /while it loads/);
  });

  it('serialises errors with their causes and codes', () => {
    const log = open();
    const cause = Object.assign(new RangeError('disk'), { code: 'ENOSPC' });
    log.logger.error({ err: new Error('save', { cause }) }, 'Failed');
    const [line] = lines(log);
    const err = line?.['err'] as Record<string, unknown>;
    assert.equal(err['type'], 'Error');
    assert.match(String(err['stack']), /service-log\.test/);
    const told = err['cause'] as Record<string, unknown>;
    assert.deepEqual([told['type'], told['message'], told['code']], ['RangeError', 'disk', 'ENOSPC']);
  });

  it('leaves the stack out of an error that says what to do, and keeps that of its cause', () => {
    const log = open();
    const cause = new RangeError('no number');
    const error = new AppError('CONFIG_INVALID', 'Port is "many": give a number', { cause, exitCode: 6 });
    log.logger.error({ error }, 'Start failed');
    const [line] = lines(log);
    const logged = line?.['error'] as Record<string, unknown>;
    const { cause: told, ...rest } = logged;
    assert.deepEqual(rest, {
      type: 'AppError',
      message: 'Port is "many": give a number',
      code: 'CONFIG_INVALID',
      details: {},
      exitCode: 6,
    });
    assert.match(String((told as Record<string, unknown>)['stack']), /service-log\.test/);
  });

  it('takes anything for fields without throwing', () => {
    const log = open();
    const circular: Record<string, unknown> = { name: 'loop' };
    circular['self'] = circular;
    const strange = {
      big: 10n ** 30n,
      circular,
      get bad(): never {
        throw new Error('getter');
      },
      json: { toJSON: () => assert.fail('toJSON') },
      map: new Map([['a', 1]]),
      set: new Set(['b']),
      bytes: Buffer.alloc(3),
      symbol: Symbol('s'),
      nan: Number.NaN,
      run: () => 1,
      long: 'x'.repeat(100_000),
    };
    const hostile = new Proxy({}, { ownKeys: () => assert.fail('proxy') });
    const causeLoop = new Error('a');
    causeLoop.cause = causeLoop;
    log.logger.info(strange, 'Strange');
    log.logger.info(hostile, 'Hostile');
    log.logger.info({ err: causeLoop }, 'Loop');
    log.logger.info(null as never, 'None');
    log.logger.info(new Error('as fields') as never, undefined as never);
    log.logger.info('ends well');
    const written = lines(log);
    assert.equal(written.length, 6);
    const first = written[0] ?? {};
    assert.equal(first['big'], '1000000000000000000000000000000');
    assert.deepEqual(first['circular'], { name: 'loop', self: '[Circular]' });
    assert.equal(first['bad'], '[Threw: getter]');
    assert.equal(first['bytes'], '[Buffer, 3 bytes]');
    assert.deepEqual([first['map'], first['set'], first['nan']], [{ a: 1 }, ['b'], 'NaN']);
    assert.ok(String(first['long']).length < 20_000);
    assert.equal(written[4]?.['msg'], 'as fields');
  });

  it('masks secrets, sensitive keys, passwords in URLs and bearer tokens', async () => {
    const secret = 'hunter2"quoted';
    const log = open({
      secrets: { mask: (line) => line.replaceAll(JSON.stringify(secret).slice(1, -1), '***') },
    });
    const say = (): void => {
      log.logger.info({ nested: { text: `is ${secret}` } }, `Message with ${secret}`);
      log.logger.info(
        {
          password: 'p1',
          'X-Api-Key': 'p2',
          headers: { authorization: 'p3' },
          accessToken: 'p4',
          tokenCount: 5,
        },
        'Connecting to postgres://me:p5@db/x with Bearer p6p6p6p6p6',
      );
    };
    say();
    await log.usePino();
    say();
    const all = text(log);
    assert.doesNotMatch(all, /hunter2|"p\d"|:p5@|p6p6/);
    assert.equal(all.match(/"tokenCount":5/g)?.length, 2);
    for (const line of all.trimEnd().split('\n')) assert.doesNotThrow(() => JSON.parse(line));
  });

  it('does not let fields take the place of what every line carries', () => {
    const log = open();
    log.logger.child({ service: 'other' }).info({ level: 'x', time: 1, msg: 'y' }, 'Real');
    const [line] = lines(log);
    assert.deepEqual(
      [line?.['service'], line?.['level'], line?.['msg'], line?.['service_'], line?.['level_']],
      ['orders', 'info', 'Real', 'other', 'x'],
    );
  });

  it('writes from LOG_LEVEL on, and says so when it does not know the level', () => {
    const log = open({ env: { LOG_LEVEL: 'Warn' } });
    log.logger.info('no');
    log.logger.warn('yes');
    assert.deepEqual(
      lines(log).map((line) => line['msg']),
      ['yes'],
    );
    const odd = open({ env: { LOG_LEVEL: 'loud' } });
    assert.equal(odd.level, 'info');
    assert.match(text(odd), /"value":"loud".*Unknown LOG_LEVEL/);
  });

  it('prefixes the priority where the journal reads', () => {
    const { dev, ino } = fstatSync(fd);
    const log = open({ env: { JOURNAL_STREAM: `${dev}:${ino}` } });
    log.logger.info('i');
    log.logger.fatal('f');
    assert.deepEqual(
      text(log)
        .trimEnd()
        .split('\n')
        .map((line) => line.slice(0, 4)),
      ['<6>{', '<2>{'],
    );
  });
});
