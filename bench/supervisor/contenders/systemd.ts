import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname } from 'node:path';

import { systemdFolder } from '../../../scripts/setup/systemd-root.ts';
import { SystemdMachine } from '../../../test/systemd/systemd.ts';
import type { Available, Program, Supervisor } from '../contender.ts';
import type { Fixtures } from '../rows.ts';

/** A real systemd as PID 1 of namespaces of its own, in the host's network: that of the test suite. */
export async function systemd(fixtures: Fixtures): Promise<Available> {
  if (process.getuid?.() !== 0) return { ok: false, reason: 'only root can boot a systemd' };
  if (!(await systemdFolder().isComplete()))
    return { ok: false, reason: 'its root tree is not there: npm test -- --suite systemd makes it' };
  const files = Object.values(fixtures)
    .flat()
    .filter((word: string) => existsSync(word));
  const folders = [...new Set(files.map((file: string) => dirname(file)))];
  const binds = Object.fromEntries(folders.map((folder) => [folder, folder]));
  return { ok: true, contender: { name: 'systemd', version: '252', open: () => new Systemd(binds) } };
}

class Systemd implements Supervisor {
  readonly #binds: Readonly<Record<string, string>>;
  #machine: SystemdMachine | undefined;
  /** It has no rolling reload of plain programs. */
  readonly reload = undefined;

  constructor(binds: Readonly<Record<string, string>>) {
    this.#binds = binds;
  }

  async boot(): Promise<void> {
    this.#machine = await SystemdMachine.boot({ binds: this.#binds, network: 'host' });
  }

  async start(programs: readonly Program[]): Promise<void> {
    const machine = this.#booted;
    for (const { name, command, args, env = {} } of programs) {
      const lines = [
        '[Service]',
        `ExecStart=${[command, ...args].join(' ')}`,
        ...Object.entries(env).map(([key, value]) => `Environment=${key}=${value}`),
        'Restart=always',
        'RestartSec=0',
        'LogRateLimitIntervalSec=0',
        // The chatter writes a file of its own.
        'ProtectSystem=no',
      ];
      await machine.writeFile(`/run/systemd/system/${name}.service`, `${lines.join('\n')}\n`);
    }
    await machine.systemctl('daemon-reload');
    await machine.systemctl('start', ...programs.map(({ name }) => `${name}.service`));
  }

  async restart(name: string): Promise<void> {
    await this.#booted.systemctl('restart', `${name}.service`);
  }

  /** PID 1 and the journal's daemon, which takes the output. */
  async processes(): Promise<readonly number[]> {
    const machine = this.#booted;
    const inner = Number((await machine.show('systemd-journald.service', 'MainPID'))['MainPID']);
    return [machine.pid, await hostPidOf(machine.pid, inner)];
  }

  async countLines(name: string): Promise<number> {
    const machine = this.#booted;
    await machine.run('journalctl', '--sync');
    const count = await machine.run(
      'sh',
      '-c',
      `journalctl --no-pager -o cat -u ${name}.service | grep -c '^0'`,
    );
    return Number(count);
  }

  async shutdown(): Promise<void> {
    await this.#machine?.[Symbol.asyncDispose]();
  }

  get #booted(): SystemdMachine {
    if (!this.#machine) throw new Error('systemd has not been booted');
    return this.#machine;
  }
}

/** The host's number of a child of a namespace's init (proc_pid_status(5), NSpid). */
async function hostPidOf(init: number, inner: number): Promise<number> {
  const children = (await readFile(`/proc/${init}/task/${init}/children`, 'latin1')).trim().split(' ');
  for (const child of children) {
    const status = await readFile(`/proc/${child}/status`, 'latin1').catch(() => '');
    if (/^NSpid:.*\t(\d+)$/m.exec(status)?.[1] === String(inner)) return Number(child);
  }
  throw new Error(`No process of the host is ${inner} in the machine`);
}
