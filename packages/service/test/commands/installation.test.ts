import assert from 'node:assert/strict';
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';

import { placeFor, placeProblem } from '../../src/commands/executable-place.ts';
import { bench } from './harness.ts';

test('install makes the spec of the definition and the options', async () => {
  const { manager, run } = bench();
  const result = await run(
    'install',
    '--env=PORT=8080',
    '--env=MODE=a=b',
    '--depends-on=a.service,b.service',
    '--account=www-data',
    '--config=/etc/orders.yaml',
    '--set=a=1',
    '--no-autostart',
  );
  assert.equal(result.code, 0, result.err);
  assert.match(result.out, /Installed orders\n {2}created memory:orders/);
  const plan = await manager.planUninstall('orders', { purge: false });
  const installed = plan.changes[0]?.before ?? '';
  assert.match(installed, /args=\["run","--config","\/etc\/orders.yaml","--set","a=1"\]/);
  assert.match(installed, /environment=\{"PORT":"8080","MODE":"a=b"\}/);
  assert.match(installed, /dependencies=\["network-online.target","a.service","b.service"\]/);
  assert.match(installed, /account=\{"type":"named","name":"www-data"\}/);
  assert.match(installed, /autoStart=false/);
  assert.match(installed, /displayName=Orders\ndescription=Takes orders/);
  assert.equal((await manager.query('orders')).state, 'stopped');
});

test('two instances of one executable go by names of their own', async () => {
  const { manager, run } = bench();
  await run('install');
  await run('install', '--name', 'orders-2', '--set', 'port=9000');
  const installed = async (name: string) =>
    (await manager.planUninstall(name, { purge: false })).changes[0]?.before ?? '';
  assert.match(await installed('orders'), /args=\["run"\]/);
  assert.match(await installed('orders-2'), /args=\["run","--name","orders-2","--set","port=9000"\]/);
  const [first, second] = [manager.directoriesFor('orders'), manager.directoriesFor('orders-2')];
  assert.notEqual(first.state, second.state);
  assert.ok((await installed('orders-2')).includes(second.state));
  await run('start', '--name', 'orders-2');
  assert.match((await run('status', '--name', 'orders-2')).out, /orders-2 is running/);
  assert.match((await run('status')).out, /orders is stopped/);
});

test('install twice changes nothing, and says so', async () => {
  const { run, json } = bench();
  await run('install');
  const again = await run('install');
  assert.equal(again.code, 0);
  assert.match(again.out, /orders is installed already, as asked/);
  assert.deepEqual((await json('install')).value.changes, []);
});

test('install repairs drift and says what it changed', async () => {
  const { manager, run } = bench();
  await run('install');
  manager.edit('orders', (text) => text.replace('Takes orders', 'Hacked'));
  const dry = await run('install', '--dry-run');
  assert.equal(dry.code, 0);
  assert.match(dry.out, /^--- memory:orders \(installed\)\n\+\+\+ memory:orders\n@@/);
  assert.match(dry.out, /^-description=Hacked$/m);
  assert.match(dry.out, /^\+description=Takes orders$/m);
  assert.match((await run('install', '--dry-run')).out, /Hacked/, 'a dry run changes nothing');
  assert.match((await run('install')).out, /Updated orders\n {2}changed memory:orders/);
  assert.match((await run('install', '--dry-run')).out, /nothing would change/);
});

test('install --now starts, and restarts what needs it', async () => {
  const { manager, run } = bench();
  assert.match((await run('install', '--now')).out, /Started orders/);
  const { pid } = await manager.query('orders');
  assert.ok(pid !== undefined);
  const kept = await run('install', '--description', 'New');
  assert.match(kept.out, /still runs as before/);
  assert.equal((await manager.query('orders')).pid, pid);
  await run('install', '--now', '--description', 'Newer');
  assert.notEqual((await manager.query('orders')).pid, pid);
});

test('another name installs a second service', async () => {
  const { manager, run } = bench();
  await run('install', '--name', 'orders-eu');
  assert.equal((await manager.query('orders-eu')).state, 'stopped');
  assert.equal((await manager.query('orders')).state, 'not-installed');
});

test('uninstall keeps data and says where, and is idempotent', async () => {
  const { manager, run } = bench({ directories: '/srv' });
  await run('install', '--now');
  const dry = await run('uninstall', '--purge', '--dry-run');
  assert.match(dry.out, /^\+\+\+ \(nothing\)$/m);
  assert.equal((await manager.query('orders')).state, 'running');
  const result = await run('uninstall');
  assert.equal(result.code, 0);
  assert.match(
    result.out,
    /Uninstalled orders\n {2}removed memory:orders\nKept its data in \/srv\/orders\/state/,
  );
  const again = await run('uninstall');
  assert.equal(again.code, 0);
  assert.match(again.out, /not installed, nothing to do/);
});

test('without privilege the exact command is shown, and the exit code is 4', async () => {
  const linux = await bench({ privileged: false }).run('install', '--env', "A=it's", '--now');
  assert.equal(linux.code, 4);
  assert.match(linux.err, /^Run: sudo \/opt\/orders\/orders install --env 'A=it'\\''s' --now$/m);
  const windows = bench({
    privileged: false,
    kind: 'scm',
    context: { platform: 'win32', launch: { executable: 'C:\\My Apps\\orders.exe', args: [] } },
  });
  const result = await windows.run('install');
  assert.equal(result.code, 4);
  assert.match(result.err, /as administrator and run: "C:\\My Apps\\orders.exe" install/);
});

test('an executable in a bad place is warned of', async () => {
  const linux = { platform: 'linux', env: {}, home: '/home/ann', temporary: '/tmp' } as const;
  const place = (path: string, scope: 'system' | 'user' = 'system') => placeProblem(path, scope, linux);
  assert.match(place('/home/ann/orders') ?? '', /home directory/);
  assert.match(place('/home/bob/orders') ?? '', /home directory/);
  assert.match(place('/tmp/x/orders') ?? '', /temporary/);
  assert.match(place('/home/ann/Downloads/orders', 'user') ?? '', /downloads/);
  assert.equal(place('/home/ann/bin/orders', 'user'), undefined);
  assert.equal(place('/opt/orders/orders'), undefined);
  assert.equal(place('/homework/orders'), undefined);
  const windows = { platform: 'win32', env: {}, home: 'C:\\Users\\ann', temporary: 'C:\\Temp' } as const;
  assert.match(placeProblem('C:\\Users\\ann\\a.exe', 'system', windows) ?? '', /home directory/);
  assert.equal(placeProblem('D:\\a.exe', 'system', windows), undefined);
  assert.equal(placeFor('orders', 'system', windows), 'C:\\Program Files\\orders\\orders.exe');
  const home = await bench({ context: { launch: { executable: '/tmp/orders', args: [] } } }).run('install');
  assert.match(home.err, /Warning: .*\/tmp\/orders.*--copy.*\/opt\/orders\/orders/);
});

test('--to copies the executable in one step and installs the copy', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'mainstay-install-'));
  try {
    const executable = join(directory, 'built');
    writeFileSync(executable, 'program');
    chmodSync(executable, 0o700);
    const build = {
      name: 'orders',
      version: '1.2.3',
      target: 'linux-x64',
      nodeVersion: '26.10.0',
      mainstayVersion: '0.1.0',
    };
    const context = { build, launch: { executable, args: [] } };
    const { manager, run } = bench({ context });
    const to = join(directory, 'place');
    const dry = await run('install', '--to', to, '--dry-run');
    assert.match(dry.out, /place\/built/);
    assert.ok(!existsSync(to));
    const result = await run('install', '--to', to);
    assert.equal(result.code, 0, result.err);
    assert.equal(readFileSync(join(to, 'built'), 'utf8'), 'program');
    assert.equal(statSync(join(to, 'built')).mode & 0o777, 0o755);
    const plan = await manager.planUninstall('orders', { purge: false });
    assert.match(plan.changes[0]?.before ?? '', new RegExp(`executable=${to}/built`));
    const refused = await bench({ context: { launch: context.launch } }).run('install', '--copy');
    assert.equal(refused.code, 2);
    assert.match(refused.err, /runs from source/);
  } finally {
    rmSync(directory, { recursive: true });
  }
});
