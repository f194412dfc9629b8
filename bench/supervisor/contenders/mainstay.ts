import { existsSync, readFileSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { spawn, type ChildProcess } from 'node:child_process';
import { join } from 'node:path';

import { buildExecutables } from '@mainstay/build';

import { asAfterBoot } from '../../start/measure.ts';
import type { Available, Program, Supervisor } from '../contender.ts';
import { countLinesIn, isAlive, run, until, type LineEnds } from './processes.ts';

const entry = new URL('../../../packages/cli/src/executable.ts', import.meta.url).pathname;

/** The agent as it is installed: one executable, which is also the client. */
export async function mainstay(built: string): Promise<Available> {
  const { service, files } = await buildExecutables({
    input: entry,
    name: 'mainstay',
    targets: [`linux-${process.arch}`],
    outputFolder: built,
    typeCheck: false,
  });
  const [made] = files;
  if (!made) return { ok: false, reason: 'the build made no executable' };
  const file = join(built, made.file);
  asAfterBoot(file);
  return {
    ok: true,
    contender: {
      name: 'mainstay',
      version: service.version,
      open: (directory) => new Mainstay(directory, file),
    },
  };
}

/** `TIME STREAM TAGS TEXT`, as CRI's; of a line that comes in pieces only the last bears the tag `F`, not `P`. */
function wholeLines(): LineEnds {
  let spaces = 0;
  let tag = 0;
  return (byte) => {
    if (byte === 10) {
      const isWhole = tag === 0x46;
      spaces = tag = 0;
      return isWhole;
    }
    if (spaces === 2) tag ||= byte;
    if (byte === 32) spaces += 1;
    return false;
  };
}

class Mainstay implements Supervisor {
  readonly #directory: string;
  readonly #executable: string;
  #agent: ChildProcess | undefined;

  constructor(directory: string, executable: string) {
    this.#directory = directory;
    this.#executable = executable;
  }

  async boot(): Promise<void> {
    await mkdir(this.#directory, { recursive: true });
    this.#agent = spawn(this.#executable, ['run'], {
      stdio: 'ignore',
      env: {
        ...process.env,
        MAINSTAY_STATE_DIRECTORY: this.#at('state'),
        MAINSTAY_RUNTIME_DIRECTORY: this.#at('run'),
        MAINSTAY_LOGS_DIRECTORY: this.#at('logs'),
      },
    });
    await until('the agent', () => existsSync(this.#at('run/agent.sock')), 30_000, 1);
  }

  async start(programs: readonly Program[]): Promise<void> {
    const services = Object.fromEntries(
      programs.map(({ name, command, args, env, instances }) => [
        name,
        {
          exec: [command, ...args],
          ...(env && { env }),
          ...(instances &&
            instances > 1 && { instances, health: { readiness: { tcp: `127.0.0.1:${env?.['PORT']}` } } }),
          // A service that has run for a second is stable, as for the others; how often it may crash is not the question.
          restart: { stable: '1s', crashLoop: { starts: 100 } },
          // The others neither compress nor remove what they took.
          logs: { keep: 1000, compress: false },
        },
      ]),
    );
    // JSON is YAML.
    await writeFile(this.#at('mainstay.yaml'), JSON.stringify({ services }));
    await this.#mainstay('apply', '--yes', '-f', this.#at('mainstay.yaml'));
  }

  async restart(name: string): Promise<void> {
    await this.#mainstay('restart', name);
  }

  readonly reload = async (name: string): Promise<void> => void (await this.#mainstay('reload', name));

  /** The agent and its guardian. */
  async processes(): Promise<readonly number[]> {
    const pid = this.#agent?.pid ?? 0;
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'latin1')
      .trim()
      .split(' ')
      .map(Number);
    const own = children.filter((child) => {
      const environment = readFileSync(`/proc/${child}/environ`, 'latin1');
      return !environment.includes('MAINSTAY_SERVICE=');
    });
    return [pid, ...own];
  }

  async countLines(name: string): Promise<number> {
    return countLinesIn(
      this.#at('logs'),
      (file) => file.startsWith(`${name}/`) && /\.log(?:\.gz)?$/.test(file),
      wholeLines,
    );
  }

  async shutdown(): Promise<void> {
    const agent = this.#agent;
    if (!agent?.pid || !isAlive(agent.pid)) return;
    agent.kill('SIGTERM');
    await until('the end of the agent', () => agent.exitCode !== null || agent.signalCode !== null);
  }

  #at(name: string): string {
    return join(this.#directory, name);
  }

  async #mainstay(...args: string[]): Promise<string> {
    return run(this.#executable, [...args, '--socket', this.#at('run/agent.sock')]);
  }
}
