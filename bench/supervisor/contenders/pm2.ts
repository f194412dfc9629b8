import { existsSync, readFileSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import type { Available, Program, Supervisor } from '../contender.ts';
import { countLinesIn, isAlive, run, until } from './processes.ts';

const home = new URL('../../node_modules/pm2/', import.meta.url).pathname;

/** pm2 as its users have it: the npm package, on the same Node as everything else here. */
export function pm2(node: string): Available {
  if (!existsSync(join(home, 'package.json')))
    return { ok: false, reason: 'pm2 is not installed: npm ci in bench/' };
  const { version } = JSON.parse(readFileSync(join(home, 'package.json'), 'utf8')) as { version: string };
  return { ok: true, contender: { name: 'pm2', version, open: (directory) => new Pm2(directory, node) } };
}

class Pm2 implements Supervisor {
  readonly #directory: string;
  readonly #node: string;

  constructor(directory: string, node: string) {
    this.#directory = directory;
    this.#node = node;
  }

  async boot(): Promise<void> {
    await mkdir(this.#directory, { recursive: true });
    await this.#pm2('ping');
  }

  async start(programs: readonly Program[]): Promise<void> {
    const apps = programs.map(({ name, command, args, env, instances }) => ({
      name,
      // A Node script is given to pm2 as one, which is how it is meant to be used.
      ...(command === this.#node
        ? { script: args[0], args: args.slice(1), interpreter: this.#node }
        : { script: command, args, interpreter: 'none' }),
      ...(instances &&
        instances > 1 && { instances, exec_mode: 'cluster', wait_ready: true, kill_timeout: 15_000 }),
      env,
      merge_logs: true,
    }));
    const file = join(this.#directory, 'bench.config.json');
    await writeFile(file, JSON.stringify({ apps }));
    await this.#pm2('start', file);
  }

  async restart(name: string): Promise<void> {
    await this.#pm2('restart', name);
  }

  readonly reload = async (name: string): Promise<void> => void (await this.#pm2('reload', name));

  async processes(): Promise<readonly number[]> {
    return [Number(readFileSync(join(this.#directory, 'pm2.pid'), 'utf8'))];
  }

  async countLines(name: string): Promise<number> {
    return countLinesIn(join(this.#directory, 'logs'), (file) => file.startsWith(`${name}-out`));
  }

  async shutdown(): Promise<void> {
    const [daemon] = await this.processes();
    await this.#pm2('kill');
    if (daemon) await until('the end of pm2', () => !isAlive(daemon));
  }

  async #pm2(...args: string[]): Promise<string> {
    const env = { ...process.env, PM2_HOME: this.#directory, PM2_DISABLE_VERSION_CHECK: 'true' };
    return run(this.#node, [join(home, 'bin/pm2'), '--silent', ...args], { env });
  }
}
