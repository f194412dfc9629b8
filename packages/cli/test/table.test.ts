import assert from 'node:assert/strict';
import { test } from 'node:test';

import { createStyle, displayWidth } from '@mainstay/service/terminal';
import type { InstanceView, ServiceView } from '@mainstay/supervisor';
import * as fc from 'fast-check';

import { readLogLine } from '../src/services/log-line.ts';
import { renderTable, type TableRow } from '../src/up/table.ts';

function row(
  change: Partial<InstanceView> & {
    readonly label?: string;
    readonly lastLine?: string;
    readonly url?: string;
  } = {},
): TableRow {
  const { lastLine = '', url, label = 'orders', ...view } = change;
  const instance: InstanceView = {
    instance: 0,
    phase: 'running',
    run: 3,
    pid: 4711,
    startedAt: 0,
    uptimeMs: 65_000,
    restarts: 2,
    restartsByCause: { crash: 2 },
    reason: undefined,
    nextStartAt: undefined,
    text: '',
    state: 'running',
    health: 'ok',
    probes: {},
    cpuPercent: 1.25,
    memoryBytes: 50 * 1024 ** 2,
    processes: 1,
    openFiles: 20,
    runtime: undefined,
    lastEnd: undefined,
    ...view,
  };
  const service: ServiceView = {
    name: label,
    runner: 'process',
    state: instance.phase,
    instances: [instance],
    wanted: 1,
    waitsFor: [],
  };
  return { url, lastLine, row: { label, service, instance } };
}

const plain = createStyle(false);
const size = (width: number, height = 24) => ({ width, height });

test('the whole table where there is room', () => {
  const content = {
    rows: [row({ lastLine: 'Listening 注文', url: 'http://x' })],
    problems: ['bad'],
    notice: 'n',
  };
  assert.deepEqual(renderTable(content, size(120), plain), [
    'SERVICE  STATE     PID  UPTIME  RESTARTS   CPU  MEMORY  HEALTH  LAST LOG',
    'orders   running  4711   1m 5s         2  1.3%  50 MiB  ok      Listening 注文',
    '',
    'orders: http://x',
    'bad',
    'n',
  ]);
});

test('columns go by their worth when it gets narrow', () => {
  const content = { rows: [row({})], problems: [], notice: '' };
  const header = (width: number) => renderTable(content, size(width), plain)[0]?.trimEnd();
  assert.equal(header(62), 'SERVICE  STATE     PID  UPTIME  RESTARTS   CPU  MEMORY  HEALTH');
  assert.equal(header(52), 'SERVICE  STATE     PID  UPTIME   CPU  MEMORY  HEALTH');
  assert.equal(header(39), 'SERVICE  STATE     CPU  MEMORY  HEALTH');
  assert.equal(header(20), 'SERVICE  STATE');
  assert.equal(header(10), 'SERVICE');
});

test('never wider or higher than the terminal, whatever the content', () => {
  const anyRow = fc
    .record({
      name: fc.string({ unit: 'grapheme', minLength: 1, maxLength: 90 }),
      lastLine: fc.string({ unit: 'grapheme' }),
      restarts: fc.nat(),
    })
    .map((change) =>
      row({ ...change, lastLine: readLogLine(change.lastLine).text, label: readLogLine(change.name).text }),
    );
  fc.assert(
    fc.property(
      fc.array(anyRow, { maxLength: 30 }),
      fc.integer({ min: 1, max: 200 }),
      fc.integer({ min: 1, max: 40 }),
      (rows, width, height) => {
        const lines = renderTable(
          { rows, problems: ['p'.repeat(300)], notice: 'n' },
          size(width, height),
          plain,
        );
        assert.ok(lines.length <= height);
        for (const line of lines)
          assert.ok(displayWidth(line) <= width, `${displayWidth(line)} > ${width}: ${line}`);
      },
    ),
  );
});

test('our JSON lines are taken apart, others are text without escapes', () => {
  const line = readLogLine(
    '{"level":"info","time":"2026-01-01T00:00:00.000Z","service":"x","pid":1,"url":"http://localhost:80","n":1,"msg":"Listening"}',
  );
  assert.equal(line.text, 'Listening url=http://localhost:80 n=1');
  assert.equal(line.url, 'http://localhost:80');
  assert.equal(line.level, 'info');
  assert.equal(readLogLine('\u001B[2Ja\tb').text, 'a  b');
  assert.equal(readLogLine('{"a":1}').record, undefined);
  assert.equal(readLogLine('Error: listen EADDRINUSE: address already in use :::8080').busyPort, 8080);
  assert.equal(readLogLine('Cannot listen on 127.0.0.1 port 81: another program already does').busyPort, 81);
  assert.equal(readLogLine('all is well on port 80').busyPort, undefined);
});
