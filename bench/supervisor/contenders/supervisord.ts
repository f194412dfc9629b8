import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import type { Available, Program, Supervisor } from '../contender.ts';
import { countLinesIn, isAlive, run, until } from './processes.ts';

const version = '4.3.0';

/** supervisord from the Python registry, in an environment of its own below `cache`. */
export function supervisord(cache: string): Available {
  const home = join(cache, `supervisor-${version}`);
  if (!existsSync(join(home, 'bin/supervisord'))) {
    const steps = [
      ['python3', '-m', 'venv', home],
      [join(home, 'bin/pip'), 'install', '--quiet', `supervisor==${version}`, 'setuptools<81'],
    ];
    for (const [command = '', ...args] of steps) {
      const { status, error, stderr } = spawnSync(command, args, { encoding: 'utf8' });
      if (status !== 0)
        return { ok: false, reason: `supervisord could not be installed: ${error?.message ?? stderr}` };
    }
  }
  return {
    ok: true,
    contender: { name: 'supervisord', version, open: (directory) => new Supervisord(directory, home) },
  };
}

class Supervisord implements Supervisor {
  readonly #directory: string;
  readonly #home: string;
  readonly reload = undefined;

  constructor(directory: string, home: string) {
    this.#directory = directory;
    this.#home = home;
  }

  async boot(): Promise<void> {
    await mkdir(join(this.#directory, 'logs'), { recursive: true });
    await this.#configure([]);
    await run(join(this.#home, 'bin/supervisord'), ['-c', this.#file]);
    await until('supervisord', async () => {
      const [pid] = await this.processes();
      return pid !== undefined && existsSync(join(this.#directory, 'socket'));
    });
  }

  async start(programs: readonly Program[]): Promise<void> {
    await this.#configure(programs);
    await this.#ctl('update');
  }

  async restart(name: string): Promise<void> {
    await this.#ctl('restart', name);
  }

  async processes(): Promise<readonly number[]> {
    const file = join(this.#directory, 'pid');
    return existsSync(file) ? [Number(readFileSync(file, 'utf8'))] : [];
  }

  async countLines(name: string): Promise<number> {
    return countLinesIn(join(this.#directory, 'logs'), (file) => file.startsWith(`${name}.log`));
  }

  async shutdown(): Promise<void> {
    const [pid] = await this.processes();
    await this.#ctl('shutdown');
    if (pid !== undefined) await until('the end of supervisord', () => !isAlive(pid));
  }

  get #file(): string {
    return join(this.#directory, 'supervisord.conf');
  }

  async #ctl(...args: string[]): Promise<string> {
    return run(join(this.#home, 'bin/supervisorctl'), ['-c', this.#file, ...args]);
  }

  /** `startsecs=0` and no start retries: a service is taken for running at once, as by the others. */
  async #configure(programs: readonly Program[]): Promise<void> {
    const at = (name: string): string => join(this.#directory, name);
    const sections = [
      `[unix_http_server]\nfile=${at('socket')}`,
      `[supervisord]\nlogfile=${at('supervisord.log')}\npidfile=${at('pid')}\nminfds=4096`,
      '[rpcinterface:supervisor]\nsupervisor.rpcinterface_factory = supervisor.rpcinterface:make_main_rpcinterface',
      `[supervisorctl]\nserverurl=unix://${at('socket')}`,
      ...programs.map(({ name, command, args, env = {} }) => {
        const variables = Object.entries(env).map(([key, value]) => `${key}="${value}"`);
        return [
          `[program:${name}]`,
          `command=${[command, ...args].join(' ')}`,
          ...(variables.length > 0 ? [`environment=${variables.join(',')}`] : []),
          'autorestart=true',
          'startsecs=0',
          `stdout_logfile=${at(`logs/${name}.log`)}`,
          'redirect_stderr=true',
          'stdout_logfile_maxbytes=10MB',
          'stdout_logfile_backups=1000',
        ].join('\n');
      }),
    ];
    await writeFile(this.#file, `${sections.join('\n\n')}\n`);
  }
}
