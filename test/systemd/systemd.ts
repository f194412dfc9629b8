import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { setTimeout as delay } from 'node:timers/promises';
import { systemdFolder } from '../../scripts/setup/systemd-root.ts';

/** What a command inside the machine answered. */
export interface ExecResult {
  /** 128 + the signal's number when a signal ended it, as a shell reports it. */
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface BootOptions {
  /** Host files or folders shown read-only in the machine: `{ '/guest/path': '/host/path' }`. */
  readonly binds?: Readonly<Record<string, string>>;
  /** `unified` gives the machine cgroup v2 alone. @default the host's own layout */
  readonly cgroup?: 'host' | 'unified';
  /** `host`: the ports that it opens are the host's. @default 'own' */
  readonly network?: 'own' | 'host';
}

/** How long a boot may take, in ms: a machine that hangs must end before the test's own limit. */
const bootLimit = 60_000;
let machines = 0;

/**
 * A real systemd as PID 1 of its own namespaces and cgroups, on a minimal Debian. Its disk is a copy-on-write
 * layer in memory. Needs root. When the test process dies, however it dies, the machine goes down with it.
 */
export class SystemdMachine {
  /** Path of the machine's `/` as seen from the host. */
  readonly rootPath: string;
  /** Its PID 1, as numbered by the host. */
  readonly pid: number;
  readonly #script: ChildProcessWithoutNullStreams;

  private constructor(script: ChildProcessWithoutNullStreams, pid: number) {
    this.#script = script;
    this.pid = pid;
    this.rootPath = `/proc/${pid}/root`;
  }

  /** @throws Error when the root tree is not set up, or systemd does not reach its target. */
  static async boot(options: BootOptions = {}): Promise<SystemdMachine> {
    const folder = systemdFolder();
    if (!(await folder.isComplete())) {
      throw new Error('No root tree to boot: run "npm test -- --suite systemd", which makes it');
    }
    const binds = Object.entries(options.binds ?? {}).map(([guest, host]) => `${host}:${guest}`);
    machines += 1;
    const script = spawn(
      'bash',
      [
        join(import.meta.dirname, 'machine.sh'),
        `mainstay-machine-${process.pid}-${machines}`,
        folder.root,
        ...binds,
      ],
      // A group of its own: Ctrl-C at the terminal must not kill what cleans up.
      {
        detached: true,
        env: {
          ...process.env,
          MACHINE_CGROUP: options.cgroup ?? 'host',
          MACHINE_NETWORK: options.network ?? 'own',
        },
      },
    );
    let log = '';
    script.stderr.setEncoding('utf8').on('data', (text: string) => (log = (log + text).slice(-20_000)));
    const machine = new SystemdMachine(script, await leaderOf(script, () => log));
    await machine.#running(() => log);
    return machine;
  }

  async #running(log: () => string): Promise<void> {
    const end = performance.now() + bootLimit;
    for (;;) {
      const state = (await this.exec(['systemctl', 'is-system-running'])).stdout.trim();
      if (state === 'running' || state === 'degraded') return;
      if (this.#script.exitCode !== null || performance.now() > end) {
        await this[Symbol.asyncDispose]();
        throw new Error(`systemd did not come up; last state "${state}":\n${log()}`);
      }
      await delay(50);
    }
  }

  /** Runs a command in the machine as its root. A non-zero end is returned, not thrown. */
  async exec(argv: readonly string[], input = ''): Promise<ExecResult> {
    const environment =
      'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8 HOME=/root';
    const args = ['-t', String(this.pid), '-a', '--', 'env', '-i', ...environment.split(' '), ...argv];
    const child = spawn('nsenter', args);
    child.stdin.on('error', () => {}); // a command that does not read its input
    child.stdin.end(input);
    const [stdout, stderr, [code]] = await Promise.all([
      text(child.stdout),
      text(child.stderr),
      once(child, 'close'),
    ]);
    return { code: Number(code ?? 255), stdout, stderr };
  }

  /**
   * Runs a command that must succeed and returns its stdout.
   * @throws Error with the command's own output.
   */
  async run(...argv: string[]): Promise<string> {
    const { code, stdout, stderr } = await this.exec(argv);
    if (code !== 0) throw new Error(`${argv.join(' ')} ended with ${code}: ${stderr || stdout}`);
    return stdout;
  }

  /** `systemctl ARGS…`, which must succeed. */
  async systemctl(...args: string[]): Promise<string> {
    return this.run('systemctl', ...args);
  }

  /** A unit's properties, as `systemctl show` gives them. */
  async show(unit: string, ...properties: string[]): Promise<Record<string, string>> {
    const lines = (await this.systemctl('show', unit, `--property=${properties.join(',')}`))
      .trim()
      .split('\n');
    return Object.fromEntries(
      lines.map((line) => [line.split('=', 1)[0], line.slice(line.indexOf('=') + 1)]),
    );
  }

  /** The journal's messages of one unit, oldest first. */
  async journal(unit: string): Promise<string> {
    await this.run('journalctl', '--sync');
    return this.run('journalctl', '--no-pager', '--output=cat', `--unit=${unit}`);
  }

  /** Writes a file in the machine; for a unit file follow with `systemctl daemon-reload`. */
  async writeFile(path: string, content: string | Uint8Array, mode = 0o644): Promise<void> {
    const target = join(this.rootPath, path);
    await mkdir(dirname(target), { recursive: true });
    await writeFile(target, content, { mode });
  }

  /** Copies a file or folder of the host into the machine. Large ones are better given to `boot` as binds. */
  async copyIn(from: string, to: string): Promise<void> {
    const target = join(this.rootPath, to);
    await mkdir(dirname(target), { recursive: true });
    await cp(from, target, { recursive: true });
  }

  /** Powers off, and removes namespaces, mounts and cgroups. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#script.exitCode !== null || this.#script.signalCode !== null) return;
    const closed = once(this.#script, 'close');
    this.#script.stdin.end();
    await closed;
  }
}

/** Waits for the script to name the machine's PID 1. */
async function leaderOf(script: ChildProcessWithoutNullStreams, log: () => string): Promise<number> {
  for await (const line of createInterface({ input: script.stdout })) {
    const pid = /^leader (\d+)$/.exec(line)?.[1];
    if (pid) return Number(pid);
  }
  throw new Error(`No systemd came up:\n${log()}`);
}
