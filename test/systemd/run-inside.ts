import assert from 'node:assert/strict';
import { join, relative } from 'node:path';
import { SystemdMachine } from './systemd.ts';

const repository = join(import.meta.dirname, '..', '..');
/** Where the checkout is seen in the machine, read-only. */
const guestRepository = '/opt/mainstay';

/** Gives a user a systemd of her own. @returns the words that run a command as her */
export async function startUserManager(machine: SystemdMachine, name: string): Promise<string[]> {
  await machine.run('useradd', '--create-home', name);
  const uid = (await machine.run('id', '--user', name)).trim();
  const environment = [`HOME=/home/${name}`, `XDG_RUNTIME_DIR=/run/user/${uid}`];
  // What pam_systemd does where it is installed (user@.service(5)).
  await machine.writeFile(
    `/run/systemd/system/user@${uid}.service.d/no-pam.conf`,
    `[Service]\nPAMName=\nEnvironment=${environment.join(' ')}\n`,
  );
  await machine.systemctl('daemon-reload');
  await machine.systemctl('start', `user@${uid}.service`);
  return ['setpriv', `--reuid=${uid}`, `--regid=${uid}`, '--clear-groups', 'env', ...environment];
}

/** A machine with this checkout and the Node that runs the tests. */
export async function bootWithCheckout(): Promise<SystemdMachine> {
  const binds = { [guestRepository]: repository, '/opt/node': process.execPath };
  const machine = await SystemdMachine.boot({ binds });
  // It boots with a console; what it says about services belongs in their logs, as on any other machine.
  await machine.systemctl('log-target', 'journal');
  return machine;
}

/**
 * Runs a test file in the machine, as its root: what it imports sees the machine's systemd, files and sockets as its
 * own. Fails with the file's own report.
 */
export async function runInside(
  machine: SystemdMachine,
  file: string,
  /** Put before the command: who runs it. */
  as: readonly string[] = [],
): Promise<void> {
  const path = join(guestRepository, relative(repository, file));
  const { code, stdout, stderr } = await machine.exec([
    ...as,
    '/opt/node',
    '--test',
    '--test-reporter=spec',
    // One report of one file: without it each file is a process of its own.
    '--test-isolation=none',
    path,
  ]);
  assert.equal(code, 0, `${path} failed in the machine:\n${stdout}\n${stderr}`);
  assert.match(stdout, /pass [1-9]/, stdout);
}
