import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { SystemdMachine } from './systemd.ts';

const notifyUnit = `[Service]
Type=notify
NotifyAccess=all
ExecStart=/bin/sh -c 'echo working; systemd-notify --ready --status=serving; exec sleep infinity'
`;

/** Folders of our machines' cgroups, of every hierarchy. Others come and go while it looks. */
async function machineCgroups(folder = '/sys/fs/cgroup'): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  const below = entries
    .filter((entry) => entry.isDirectory())
    .map(async ({ name }) => {
      const path = join(folder, name);
      return /^mainstay-machine-\d+-\d+-\d+$/.test(name) ? [path] : machineCgroups(path);
    });
  return (await Promise.all(below)).flat();
}

describe('a machine with a real systemd', () => {
  for (const cgroup of ['host', 'unified'] as const) {
    it(`starts a Type=notify service (cgroup layout: ${cgroup})`, async () => {
      await using machine = await SystemdMachine.boot({ cgroup, binds: { '/opt/node': process.execPath } });
      assert.equal((await machine.run('cat', '/proc/1/comm')).trim(), 'systemd');
      assert.equal((await machine.run('/opt/node', '--print', '1 + 1')).trim(), '2');
      await machine.writeFile('/run/systemd/system/hello.service', notifyUnit);
      await machine.systemctl('daemon-reload');
      await machine.systemctl('start', 'hello');
      const shown = await machine.show('hello', 'ActiveState', 'StatusText', 'NotifyAccess');
      assert.deepEqual(shown, { ActiveState: 'active', StatusText: 'serving', NotifyAccess: 'all' });
      assert.match(await machine.journal('hello'), /^working$/m);
      const stopped = await machine.exec(['systemctl', 'is-active', 'nothing-of-that-name']);
      assert.notEqual(stopped.code, 0);
    });
  }

  it('runs twice at once, and leaves no process and no cgroup', async () => {
    const pids: number[] = [];
    {
      await using one = await SystemdMachine.boot();
      await using two = await SystemdMachine.boot();
      await one.writeFile('/etc/only-here', 'one');
      assert.equal((await two.exec(['cat', '/etc/only-here'])).code, 1);
      pids.push(one.pid, two.pid);
      assert.notEqual((await machineCgroups()).filter((path) => path.includes(`-${process.pid}-`)).length, 0);
    }
    for (const pid of pids) assert.equal(existsSync(`/proc/${pid}/ns`), false);
    assert.deepEqual(
      (await machineCgroups()).filter((path) => path.includes(`-${process.pid}-`)),
      [],
    );
  });

  it('goes down with a test process that is killed', async () => {
    const code = `import { SystemdMachine } from ${JSON.stringify(join(import.meta.dirname, 'systemd.ts'))};
      const machine = await SystemdMachine.boot(); console.log(machine.pid); setInterval(() => {}, 1000);`;
    const owner = spawn(process.execPath, ['--input-type=module', '--eval', code], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const [line] = await once(owner.stdout, 'data');
    const pid = Number(String(line));
    assert.ok(existsSync(`/proc/${pid}/root/run/systemd`));
    owner.kill('SIGKILL');
    while (existsSync(`/proc/${pid}/ns/pid`) && !(await isZombie(pid))) await delay(50);
    while ((await machineCgroups()).some((path) => path.includes(`-${owner.pid}-`))) await delay(50);
  });
});

async function isZombie(pid: number): Promise<boolean> {
  const { readFile } = await import('node:fs/promises');
  return /\) Z /.test(await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => ') Z '));
}
