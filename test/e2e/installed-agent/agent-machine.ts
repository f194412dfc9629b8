import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';

import type { Explanation, LogLine, ServiceView } from '@mainstay/supervisor';

import type { ExecResult, SystemdMachine } from '../../systemd/systemd.ts';

/** How long a state may take to come, in ms: a machine shares its processors with others. */
const patienceMs = 60_000;

/** A machine on which the agent is installed, seen as by a person at its terminal. */
export class AgentMachine {
  readonly machine: SystemdMachine;
  /** Put before each command: who runs it. */
  readonly as: readonly string[];
  /** The command line of the agent, by its path. */
  readonly command: string;

  constructor(machine: SystemdMachine, command: string, as: readonly string[] = []) {
    this.machine = machine;
    this.command = command;
    this.as = as;
  }

  call(...args: string[]): Promise<ExecResult> {
    return this.machine.exec([...this.as, this.command, ...args]);
  }

  /** What it printed. Fails with its output when it does not end well. */
  async mainstay(...args: string[]): Promise<string> {
    const result = await this.call(...args);
    assert.equal(result.code, 0, `mainstay ${args.join(' ')}: ${told(result)}`);
    return result.stdout;
  }

  async json<Answer>(...args: string[]): Promise<Answer> {
    return JSON.parse(await this.mainstay(...args, '--json')) as Answer;
  }

  services(): Promise<readonly ServiceView[]> {
    return this.json<ServiceView[]>('ps');
  }

  async service(name: string): Promise<ServiceView> {
    const found = (await this.services()).find((service) => service.name === name);
    assert.ok(found, `There is no service ${name}`);
    return found;
  }

  async why(name: string): Promise<Explanation> {
    const [first] = await this.json<Explanation[]>('why', name);
    assert.ok(first);
    return first;
  }

  async logs(name: string, lines: number): Promise<readonly LogLine[]> {
    const printed = await this.mainstay('logs', name, '-n', String(lines), '--json');
    return printed
      .trim()
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line) as LogLine);
  }

  /** Resolves when all its services run, with their pids by `name/instance`. */
  async running(): Promise<Readonly<Record<string, number>>> {
    return until('all services run', async () => {
      // While the agent is restarted nobody answers.
      const { code, stdout } = await this.call('ps', '--json');
      if (code !== 0) return undefined;
      const views = JSON.parse(stdout) as readonly ServiceView[];
      const all = views.flatMap(({ name, instances }) =>
        instances.map(({ instance, phase, pid }) => ({ key: `${name}/${instance}`, phase, pid })),
      );
      if (all.length === 0 || all.some(({ phase, pid }) => phase !== 'running' || pid === undefined))
        return undefined;
      return Object.fromEntries(all.map(({ key, pid }) => [key, pid ?? 0]));
    });
  }

  /** The agent's own process. */
  async pid(): Promise<number> {
    return Number((await this.machine.show('mainstay-agent', 'MainPID'))['MainPID']);
  }

  async exists(path: string): Promise<boolean> {
    return (await this.machine.exec(['test', '-e', path])).code === 0;
  }

  async isAlive(pid: number): Promise<boolean> {
    return this.exists(`/proc/${pid}`);
  }

  /** Octal mode and owner, as `700 root`. */
  async modeOf(path: string): Promise<string> {
    return (await this.machine.run('stat', '-c', '%a %U', path)).trim();
  }

  /** One request over HTTP in the machine, where there is no curl. */
  async get(port: number, path: string): Promise<string> {
    const script = `exec 3<>/dev/tcp/127.0.0.1/${port}; printf 'GET ${path} HTTP/1.0\\r\\n\\r\\n' >&3; cat <&3`;
    return (await this.machine.exec(['bash', '-c', script])).stdout;
  }
}

export const told = ({ code, stdout, stderr }: ExecResult): string => `exit code ${code}\n${stdout}${stderr}`;

/** Looks again and again until there is an answer. */
export async function until<Answer>(
  what: string,
  look: () => Promise<Answer | false | undefined>,
): Promise<Answer> {
  const end = performance.now() + patienceMs;
  for (;;) {
    const answer = await look();
    if (answer !== undefined && answer !== false) return answer;
    assert.ok(performance.now() < end, `Not within ${patienceMs} ms: ${what}`);
    await delay(100);
  }
}
