// The README's first command: `npm ci && npm start` in a fresh copy.
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { stripVTControlCharacters } from 'node:util';
import { copyCheckout, Foreground, newcomersEnvironment, run, TemporaryFolder } from './newcomer.ts';

const order = { customer: 'Ada', lines: [{ sku: 'bolt', quantity: 3 }] };

/** Port 0, so that a machine whose port 8080 is taken can test, too. */
const npmStart = ['env', ...unset(), 'PORT=0', 'npm', 'start'];

function unset(): string[] {
  const env = newcomersEnvironment();
  return Object.keys(process.env)
    .filter((name) => env[name] === undefined)
    .flatMap((name) => ['-u', name]);
}

async function useOrders(url: string): Promise<void> {
  const health = await fetch(`${url}/healthz`);
  assert.equal(health.status, 200);
  assert.equal(((await health.json()) as { state: string }).state, 'ok');
  const posted = await fetch(`${url}/orders`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(order),
  });
  assert.equal(posted.status, 201);
  const { id } = (await posted.json()) as { id: string };
  const page = (await (await fetch(`${url}/orders`)).json()) as { orders: { id: string }[] };
  assert.ok(page.orders.some((one) => one.id === id));
}

describe('npm ci && npm start', { skip: process.platform === 'win32' && 'POSIX signals' }, () => {
  let folder: TemporaryFolder;
  let clone = '';
  before(async () => {
    folder = await TemporaryFolder.make();
    clone = join(folder.path, 'mainstay');
    await copyCheckout(clone);
  });
  after(async () => folder[Symbol.asyncDispose]());

  it('installs without a warning of ours', async () => {
    const { code, stderr } = await run('npm', ['ci'], clone);
    assert.equal(code, 0, stderr);
    // What remains would be about the settings of whoever runs it.
    const warnings = stderr.split('\n').filter((line) => line && !/warn Unknown .* config/.test(line));
    assert.deepEqual(warnings, []);
  });

  it('in a pipe: lines, URLs, working services; SIGINT to all drains, exit 0', async () => {
    await using start = new Foreground(npmStart, clone);
    const [, url = ''] = await start.printed(/^mainstay \| orders is at (http:\/\/localhost:\d+)$/m);
    await start.printed(/^mainstay \| ticker is running \(pid \d+\)$/m);
    await start.printed(/^ticker {3}\| .*Tick/m);
    await useOrders(url);
    start.pressCtrlC();
    assert.equal(await start.ended, 0, start.output);
    assert.match(start.output, /^mainstay \| orders has stopped after .*\(exit code 0\)$/m);
    assert.match(start.output, /^mainstay \| ticker has stopped after .*\(exit code 0\)$/m);
    assert.ok(!start.output.includes('\u001B'), 'no escapes in a pipe');
    await assert.rejects(fetch(url));
  });

  const noScript = !existsSync('/usr/bin/script') && 'needs script(1)';
  it('on a terminal: a live table; Ctrl-C drains, exit 0', { skip: noScript }, async () => {
    const shell = `stty cols 120 rows 20; exec ${npmStart.join(' ')}`;
    await using start = new Foreground(['script', '-qefc', shell, '/dev/null'], clone);
    const [, url = ''] = await start.printed(/orders: (http:\/\/localhost:\d+)/);
    await start.printed(/ticker +\S*running/);
    await useOrders(url);
    const row = (name: string, log: string) =>
      new RegExp(String.raw`${name} +running +\d+ +(?:\d+[smh] ?)+ +0 +[\d.]+% +[\d.]+ MiB +ok +${log}`);
    const screen = async (expected: RegExp) => {
      while (!expected.test(stripVTControlCharacters(start.output)))
        await start.printed(new RegExp(`[^]{${start.output.length + 1}}`));
    };
    await screen(/SERVICE +STATE +PID +UPTIME +RESTARTS +CPU +MEMORY +HEALTH +LAST LOG/);
    await screen(row('orders', String.raw`\S`));
    await screen(row('ticker', 'Tick'));
    start.type('\u0003');
    assert.equal(await start.ended, 0, start.output);
    assert.match(stripVTControlCharacters(start.output).slice(-1000), /orders +stopped[^]*ticker +stopped/);
    await assert.rejects(fetch(url));
  });
});
