import assert from 'node:assert/strict';
import { test } from 'node:test';

import { bench } from './harness.ts';

test('status exits as LSB 5.0 says', async () => {
  const { manager, run, json } = bench();
  assert.equal((await run('status')).code, 5);
  await run('install');
  assert.equal((await run('status')).code, 3);
  await run('start');
  const running = await run('status');
  assert.equal(running.code, 0);
  assert.match(running.out, /orders is running since 2023-11-14T22:13:20.000Z \(1m 30s\)/);
  assert.match(running.out, /Says: +Serving/);
  assert.equal((await json('status')).value.state, 'running');
  manager.crash('orders', 70);
  const failed = await run('status');
  assert.equal(failed.code, 3);
  assert.match(failed.out, /is failed/);
  assert.match(failed.out, /Exit code: +70/);
});

test('start and stop say what became of it, and what was so already', async () => {
  const { run } = bench();
  await run('install');
  assert.match((await run('start', '--dry-run')).out, /Would start orders, which is stopped/);
  assert.match((await run('start')).out, /^Started orders in 0\.0 s, pid \d+\n$/);
  assert.match((await run('start')).out, /orders runs already/);
  assert.match((await run('restart')).out, /Restarted orders/);
  assert.match((await run('reload')).out, /Reloaded orders/);
  assert.match((await run('stop')).out, /Stopped orders/);
  assert.match((await run('stop')).out, /orders does not run/);
});

test('a control of a service that is not installed exits 5', async () => {
  const { run, json } = bench();
  for (const command of ['start', 'stop', 'restart', 'reload']) assert.equal((await run(command)).code, 5);
  const { code, value } = await json('start');
  assert.equal(code, 5);
  assert.equal((value.error as { code: string }).code, 'MANAGER_NOT_INSTALLED');
});

test('a failed start exits 1 and points to the logs', async () => {
  const { manager, run } = bench();
  await run('install', '--set', '--fail');
  const result = await run('start');
  assert.equal(result.code, 1);
  assert.match(result.err, /Error: The service orders ended with exit code 1/);
  assert.equal((await manager.query('orders')).state, 'failed');
});

test('pause and resume where the manager has them', async () => {
  const windows = bench({ kind: 'scm' });
  await windows.run('install', '--now');
  assert.match((await windows.run('pause')).out, /Paused orders/);
  assert.equal((await windows.run('status')).code, 0);
  assert.match((await windows.run('resume')).out, /Resumed orders/);
  const linux = bench();
  await linux.run('install', '--now');
  const refused = await linux.run('pause');
  assert.equal(refused.code, 1);
  assert.match(refused.err, /Pause and resume are not known to systemd/);
});

const progress = [
  { state: 'start-pending', text: 'Replaying 1 of 2' },
  { state: 'start-pending', text: 'Replaying 1 of 2' },
  { state: 'start-pending', text: 'Replaying \u001B[2J2 of 2' },
] as const;

test('progress in a pipe is one line for each change, without escapes', async () => {
  const { run } = bench({ progress });
  await run('install');
  const { err } = await run('start');
  assert.equal(err, 'orders start-pending: Replaying 1 of 2\norders start-pending: Replaying 2 of 2\n');
});

test('progress on a terminal is one line that is removed at the end', async () => {
  const { run } = bench({ progress, isTTY: true });
  await run('install');
  const { err } = await run('start');
  assert.ok(err.startsWith('\r\u001B[K⠋ orders start-pending: Replaying 1 of 2 (0s)'), JSON.stringify(err));
  assert.ok(err.endsWith('\r\u001B[K'));
  assert.ok(!err.includes('\n'));
});

test('logs prints the lines of the manager', async () => {
  const { run } = bench();
  await run('install', '--now');
  await run('restart');
  assert.match((await run('logs')).out, /^started with pid \d+\nstarted with pid \d+\n$/);
  assert.match((await run('logs', '--lines', '1')).out, /^started with pid \d+\n$/);
  assert.match((await run('logs', '--lines', '1', '--json')).out, /^\{"message":"started with pid \d+"\}\n$/);
});

test('the command line answers mistakes with exit 2', async () => {
  const { run } = bench();
  const unknown = await run('strat');
  assert.equal(unknown.code, 2);
  assert.match(unknown.err, /unknown command 'strat'/);
  assert.match(unknown.err, /Did you mean .*start/);
  for (const argv of [
    ['start', '--timeout', 'soon'],
    ['install', '--env', 'novalue'],
    ['install', '--name', 'Not A Name'],
    ['logs', '--since', 'yesterdayish'],
    ['logs', '--lines', '-1'],
    ['install', '--restart', 'sometimes'],
    ['status', 'extra'],
    ['status', '--nosuch'],
  ]) {
    const result = await run(...argv);
    assert.equal(result.code, 2, argv.join(' '));
    assert.notEqual(result.err, '');
  }
});

test('help shows every command, and examples', async () => {
  const { run } = bench();
  const help = await run('--help');
  assert.equal(help.code, 0);
  for (const command of [
    'install',
    'uninstall',
    'start',
    'stop',
    'restart',
    'pause',
    'resume',
    'reload',
    'status',
    'logs',
    'run',
    'config',
    'doctor',
    'version',
  ]) {
    assert.match(help.out, new RegExp(`^ {2}${command}\\b`, 'm'));
    const own = await run(command, '--help');
    assert.equal(own.code, 0);
    assert.match(own.out, new RegExp(`Examples:\\n {2}orders ${command}`));
  }
});

test('version says what the program is made of', async () => {
  const { run, json } = bench();
  assert.match((await run('version')).out, /^orders 1\.2\.3 \(from source\)/);
  assert.equal((await json('version')).value.node, process.versions.node);
});
