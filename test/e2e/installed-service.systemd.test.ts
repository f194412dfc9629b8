// What `mainstay build` made, copied to a machine without Node, and taken through its life as a service there.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { type ExecResult, SystemdMachine } from '../systemd/systemd.ts';
import { makeService } from './first-service.ts';
import { TemporaryFolder } from './newcomer.ts';

const program = '/opt/my-service/my-service';
const unit = '/etc/systemd/system/my-service.service';

describe('the executable on a machine with systemd', () => {
  let folder: TemporaryFolder;
  let machine: SystemdMachine;
  before(async () => {
    folder = await TemporaryFolder.make();
    machine = await SystemdMachine.boot();
    await machine.systemctl('log-target', 'journal');
    await machine.copyIn(await makeService(folder.path), program);
    await machine.run('useradd', 'ann');
  });
  after(async () => {
    await machine?.[Symbol.asyncDispose]();
    await folder?.[Symbol.asyncDispose]();
  });

  const call = async (...args: string[]) => machine.exec([program, ...args]);
  const asAnn = async (...args: string[]) =>
    machine.exec(['setpriv', '--reuid=ann', '--regid=ann', '--clear-groups', program, ...args]);
  const told = ({ code, stdout, stderr }: ExecResult) => `exit code ${code}\n${stdout}${stderr}`;
  const assertRefused = async (command: string) => {
    const result = await asAnn(command);
    assert.equal(result.code, 4, told(result));
    assert.match(result.stderr, new RegExp(`sudo ${program} ${command}`));
  };
  const succeed = async (...args: string[]) => {
    const result = await call(...args);
    assert.equal(result.code, 0, told(result));
    return result.stdout;
  };
  const state = async () => {
    const { code, stdout } = await call('status', '--json');
    return { code, ...(JSON.parse(stdout) as { state: string; pid?: number }) };
  };
  const answers = async () =>
    machine.run(
      'bash',
      '-c',
      'exec 3<>/dev/tcp/127.0.0.1/8080; printf "GET / HTTP/1.0\\r\\n\\r\\n" >&3; cat <&3',
    );

  it('is not installed: status 5, doctor content', async () => {
    assert.equal((await call('status')).code, 5);
    assert.equal((await call('start')).code, 5);
    const doctor = JSON.parse((await call('doctor', '--json')).stdout) as {
      checks: { name: string; state: string; detail: string }[];
    };
    assert.deepEqual(
      doctor.checks.filter(({ state }) => state === 'fail'),
      [],
    );
  });

  it('install --dry-run shows the unit and changes nothing', async () => {
    assert.match(await succeed('install', '--dry-run'), /^\+ExecStart=.*\/opt\/my-service\/my-service/m);
    assert.equal((await machine.exec(['test', '-e', unit])).code, 1);
  });

  it('without privilege: exit 4 and the exact command', async () => {
    await assertRefused('install');
    assert.equal((await machine.exec(['test', '-e', unit])).code, 1);
  });

  it('install, again, and repair', async () => {
    assert.match(await succeed('install'), /Installed my-service/);
    assert.equal((await call('status')).code, 3);
    assert.equal(await machine.run('systemctl', 'is-enabled', 'my-service'), 'enabled\n');
    const installed = await machine.run('cat', unit);
    assert.doesNotMatch(await succeed('install'), /created|changed|updated/);
    await machine.run('sed', '-i', 's/^Restart=.*/Restart=no/', unit);
    assert.match(await succeed('install', '--dry-run'), /^-Restart=no$/m);
    await succeed('install');
    assert.equal(await machine.run('cat', unit), installed);
  });

  it('starts, answers, and is not root', async () => {
    await succeed('start');
    const { code, state: now, pid } = await state();
    assert.deepEqual([code, now], [0, 'running']);
    assert.match(await answers(), /Hello/);
    assert.notEqual((await machine.run('stat', '-c', '%u', `/proc/${pid}`)).trim(), '0');
    for (const command of ['stop', 'restart', 'uninstall']) await assertRefused(command);
    assert.equal((await asAnn('status')).code, 0);
    assert.equal((await state()).pid, pid);
  });

  it('its lines are in logs', async () => {
    await machine.run('journalctl', '--sync');
    assert.match(await succeed('logs'), /Service is up/);
    const lines = (await succeed('logs', '--json', '--lines', '3')).trim().split('\n');
    assert.equal(lines.length, 3);
    for (const line of lines) assert.equal(typeof JSON.parse(line), 'object');
  });

  it('restart gives another process, a crash too', async () => {
    const before = await state();
    await succeed('restart');
    const restarted = await state();
    assert.equal(restarted.state, 'running');
    assert.notEqual(restarted.pid, before.pid);
    await machine.run('kill', '-SEGV', String(restarted.pid));
    let healed = await state();
    while (healed.state !== 'running' || healed.pid === restarted.pid) {
      await delay(100);
      healed = await state();
    }
    assert.match(await answers(), /Hello/);
  });

  it('stop: status 3; uninstall: status 5, and nothing is left of it', async () => {
    await succeed('stop');
    assert.deepEqual([(await state()).code, (await state()).state], [3, 'stopped']);
    await succeed('start');
    await succeed('uninstall');
    assert.equal((await call('status')).code, 5);
    assert.equal((await machine.exec(['test', '-e', unit])).code, 1);
    assert.equal((await machine.exec(['pgrep', '-f', program])).code, 1);
    assert.match(await succeed('uninstall'), /nothing to do/);
  });
});
