import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { TestContext } from 'node:test';

import type { ServiceDeclaration } from '@mainstay/supervisor';

import { AgentClient } from '../../src/index.ts';
import { declaration, temporaryDirectory, until } from '../fixtures.ts';

const main = fileURLToPath(new URL('fixtures/agent-process.ts', import.meta.url));

/** A directory in which agents come and go; what they left is ended with the test. */
export class AgentWorld {
  readonly base: string;
  readonly client: AgentClient;
  /** Called when nothing runs any more, before the directory is removed. */
  beforeRemoval: () => void = () => undefined;
  #process: ChildProcess | undefined;

  constructor(t: Pick<TestContext, 'after'>) {
    // Hooks run in order: the processes go before their directory.
    t.after(async () => {
      await this.end();
      for (const pid of this.living()) killQuietly(pid);
      this.beforeRemoval();
    });
    this.base = temporaryDirectory(t);
    this.client = new AgentClient({ socketPath: join(this.base, 'run', 'agent.sock') });
  }

  async start({ stderr = 'inherit' }: { readonly stderr?: 'ignore' | 'inherit' } = {}): Promise<void> {
    const { NODE_TEST_CONTEXT: _, ...env } = process.env;
    const child = spawn(process.execPath, [main, this.base], {
      stdio: ['ignore', 'pipe', stderr],
      env,
      detached: true,
    });
    this.#process = child;
    const [ready] = (await Promise.race([once(child.stdout, 'data'), once(child, 'exit')])) as [unknown];
    if (!Buffer.isBuffer(ready)) throw new Error(`The agent ended: ${String(ready)}`);
  }

  get pid(): number {
    return this.#process?.pid ?? 0;
  }

  /** As the kernel's out-of-memory killer would: nothing of it runs any more. */
  async kill(): Promise<void> {
    await this.#endBy('SIGKILL');
  }

  /** An exception that nobody catches. */
  async crash(): Promise<void> {
    await this.#endBy('SIGUSR2');
  }

  /** A stop as a service manager asks for it. */
  async end(): Promise<void> {
    await this.#endBy('SIGTERM');
  }

  async #endBy(signal: NodeJS.Signals): Promise<void> {
    const child = this.#process;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, 'exit');
    child.kill(signal);
    await gone;
  }

  /** Writes down its pid and that of a child of its own, which does not end with it. */
  service(name: string, changes: Partial<ServiceDeclaration> = {}): ServiceDeclaration {
    const file = join(this.base, 'pids');
    const script = `sleep 1000 & echo $! ${name} >> ${file}; echo $$ ${name} >> ${file}; echo started ${name}; wait`;
    return declaration(name, {
      program: { type: 'exec', command: 'sh', args: ['-c', script] },
      cwd: this.base,
      ...changes,
    });
  }

  /** Pids that services have written down and that still run. */
  living(name?: string): readonly number[] {
    const file = join(this.base, 'pids');
    if (!existsSync(file)) return [];
    return readFileSync(file, 'utf8')
      .split('\n')
      .filter((line) => name === undefined || line.endsWith(` ${name}`))
      .map((line) => Number(line.split(' ')[0]))
      .filter((pid) => pid > 0 && runs(pid));
  }

  /** Until each of these has so many instances, each with its child, and nothing else runs. */
  async settled(wanted: Readonly<Record<string, number>>): Promise<void> {
    await until(
      async () => ({
        views: Object.fromEntries(
          (await this.client.services()).map(({ name, instances }) => [
            name,
            instances.filter(({ phase }) => phase === 'running').length,
          ]),
        ),
        living: this.living().length,
      }),
      ({ views, living }) =>
        JSON.stringify(views) === JSON.stringify(wanted) &&
        living === 2 * Object.values(wanted).reduce((sum, count) => sum + count, 0),
      { what: `services ${JSON.stringify(wanted)}, and nothing else,` },
    );
  }
}

/** Zombies hold nothing, and wait for a reaper that is not ours. */
function runs(pid: number): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat[stat.lastIndexOf(')') + 2] !== 'Z';
  } catch {
    return false;
  }
}

function killQuietly(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has gone.
  }
}
