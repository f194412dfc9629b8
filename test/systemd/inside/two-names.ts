// Run in the machine by manager.test.ts: one program, installed twice under two names by its own commands.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, it } from 'node:test';
import { until } from './systemctl.ts';

const repository = join(import.meta.dirname, '..', '..', '..');
const mainstay = join(repository, 'packages', 'cli', 'src', 'main.ts');
const names = ['ticker-a', 'ticker-b'] as const;

/** A command of the ticker's own. */
function ticker(...args: readonly string[]): string {
  const { status, stdout, stderr } = spawnSync(
    '/opt/node',
    [mainstay, 'run', join(repository, 'examples', 'ticker'), ...args],
    { encoding: 'utf8' },
  );
  const name = args.at(args.indexOf('--name') + 1) ?? '';
  const log =
    status === 0 ? '' : spawnSync('journalctl', ['--no-pager', '-u', name], { encoding: 'utf8' }).stdout;
  assert.equal(status, 0, `${args.join(' ')}:\n${stdout}${stderr}${log}`);
  return stdout;
}

const stateOf = (name: string): Record<string, unknown> =>
  JSON.parse(ticker('status', '--name', name, '--json')) as Record<string, unknown>;

after(() => {
  for (const name of names) ticker('uninstall', '--purge', '--name', name);
});

it('two instances of one program have names, configurations, directories and logs of their own', async () => {
  for (const [index, name] of names.entries()) {
    mkdirSync(`/etc/${name}`, { recursive: true });
    writeFileSync(`/etc/${name}/config.yaml`, `interval: ${index + 1}00ms\nwarmUp: { steps: 0 }\n`);
    ticker('install', '--now', '--name', name);
  }
  const [a, b] = names.map(stateOf);
  assert.deepEqual([a?.['state'], b?.['state']], ['running', 'running']);
  assert.notEqual(a?.['pid'], b?.['pid']);
  for (const [index, name] of names.entries()) {
    const isUp = new RegExp(`"service":"${name}".*"msg":"Service is up"`);
    await until(`the log of ${name}`, () => isUp.test(ticker('logs', '--name', name)));
    const config = ticker('config', '--name', name);
    assert.match(config, new RegExp(`^interval +${index + 1}00 .*/etc/${name}/config\\.yaml:1:`, 'm'));
    await until(`state of ${name}`, () => readdirSync(`/var/lib/${name}`).includes('ticks.json'));
    const command = readFileSync(`/proc/${String(stateOf(name)['pid'])}/cmdline`, 'utf8').split('\0');
    assert.deepEqual(command.slice(-4, -1), ['run', '--name', name]);
  }
  ticker('stop', '--name', names[0]);
  assert.equal(stateOf(names[1])['pid'], b?.['pid'], 'the other runs on');
});
