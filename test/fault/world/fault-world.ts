import { spawn, type ChildProcess } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { AgentClient } from '@mainstay/agent';
import type { InstancePhase, InstanceView, ServiceView } from '@mainstay/supervisor';

import { cgroupsNamed, removeCgroupTree } from './cgroups.ts';
import { type FoundProcess, killQuietly, processesMarked, processesWithArgument } from './processes.ts';
import { until } from './until.ts';

const main = fileURLToPath(new URL('../fixtures/agent.ts', import.meta.url));
/** In the environment of every process of a world; the value is its folder. */
const markName = 'MAINSTAY_FAULT_WORLD';

export interface FaultWorldOptions {
  /** Where the services' output goes. @default BASE/logs */
  readonly logs?: string;
  /** Where the agent keeps its state. @default BASE/state */
  readonly state?: string;
  /** The wall time is moved by `moveClock`. @default false */
  readonly movesClock?: boolean;
}

/** A folder in which agents come and go, each a process of its own. */
export class FaultWorld {
  readonly base: string;
  readonly logs: string;
  readonly state: string;
  readonly client: AgentClient;
  readonly #options: FaultWorldOptions;
  #agent: ChildProcess | undefined;

  constructor(options: FaultWorldOptions = {}) {
    this.#options = options;
    this.base = mkdtempSync(join(tmpdir(), 'mainstay-fault-'));
    this.logs = options.logs ?? join(this.base, 'logs');
    this.state = options.state ?? join(this.base, 'state');
    this.client = new AgentClient({ socketPath: join(this.base, 'run', 'agent.sock'), timeoutMs: 30_000 });
  }

  /** Resolves when the API listens. Throws when it ends in place of that. */
  async start(): Promise<void> {
    const { NODE_TEST_CONTEXT: _, ...env } = process.env;
    const child = spawn(process.execPath, [main, this.base, this.logs, this.state], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...env, [markName]: this.base, ...(this.#options.movesClock === true && { FAULT_CLOCK: '1' }) },
      detached: true,
    });
    this.#agent = child;
    let said = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      said = `${said}${text}`.slice(-4000);
    });
    const [ready] = (await Promise.race([once(child.stdout, 'data'), once(child, 'exit')])) as [unknown];
    if (!Buffer.isBuffer(ready)) {
      const last = this.said('fatal').at(-1);
      throw new Error(`The agent ended with ${String(ready)}: ${said}${JSON.stringify(last)}`);
    }
  }

  /** Throws when there is no agent. */
  get pid(): number {
    const pid = this.#living()?.pid;
    if (pid === undefined) throw new Error('No agent runs in this world');
    return pid;
  }

  get isAlive(): boolean {
    return this.#living() !== undefined;
  }

  /** As the kernel's out-of-memory killer would: nothing of it runs any more. */
  async kill(): Promise<void> {
    await this.#signal('SIGKILL');
  }

  /** A stop as a service manager asks for it. */
  async end(): Promise<void> {
    await this.#signal('SIGTERM');
  }

  /** By how much the agent's wall time differs from that of the machine from now on, in milliseconds. */
  get clockFile(): string {
    return join(this.base, 'clock');
  }

  /** What the agents have said, by level. */
  said(level: string): readonly Readonly<Record<string, unknown>>[] {
    const file = join(this.base, 'agent.log');
    if (!existsSync(file)) return [];
    return readFileSync(file, 'utf8')
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line) as Readonly<Record<string, unknown>>)
      .filter((line) => line['level'] === level);
  }

  /** All that lives here but the agent itself, also what an agent has lost sight of. */
  processes(): readonly FoundProcess[] {
    return processesMarked(markName, this.base, new Set([this.#agent?.pid ?? 0]));
  }

  /** The guardians: they do not bear the mark. */
  guardians(): readonly number[] {
    return processesWithArgument(this.#containment);
  }

  /** Control groups of this world's agents, in every hierarchy. */
  cgroups(): readonly string[] {
    return cgroupsNamed(`mainstay-${this.#containment}`);
  }

  async view(service: string): Promise<ServiceView> {
    return (await this.client.service(service)).service;
  }

  async instance(service: string, index = 0): Promise<InstanceView> {
    const found = await this.#find(service, index);
    if (!found) throw new Error(`There is no ${service}/${index}`);
    return found;
  }

  /** Until the instance is in this phase, in a run after `run`. */
  async reaches(service: string, phase: InstancePhase, { after = 0, index = 0 } = {}): Promise<InstanceView> {
    const view = await until(
      `${service}/${index} ${phase} after run ${after}`,
      () => this.#find(service, index),
      (found) =>
        found?.phase === phase && found.run > after && (phase !== 'starting' || found.pid !== undefined),
    );
    return view as InstanceView;
  }

  /** Ends everything, and removes the folder. Never throws. */
  async dispose(): Promise<void> {
    try {
      if (this.isAlive) {
        const timer = setTimeout(() => void this.kill(), 20_000);
        await this.end();
        clearTimeout(timer);
      }
      await until(
        'The guardian has ended',
        () => this.guardians(),
        (pids) => pids.length === 0,
        30_000,
      );
    } catch {
      for (const pid of this.guardians()) killQuietly(pid);
    }
    for (const { pid } of this.processes()) killQuietly(pid);
    for (const path of this.cgroups()) removeCgroupTree(path);
    // To be looked at: FAULT_KEEP=1 npm test -- test/fault
    if (process.env['FAULT_KEEP'] === undefined) rmSync(this.base, { recursive: true, force: true });
  }

  /** Undefined also while a new agent has not taken its manifest yet. */
  async #find(service: string, index: number): Promise<InstanceView | undefined> {
    const views = await this.client.services();
    return views.find(({ name }) => name === service)?.instances.find(({ instance }) => instance === index);
  }

  /** As the agent names what it contains: after its state directory. */
  get #containment(): string {
    return createHash('sha256').update(this.state).digest('hex').slice(0, 16);
  }

  #living(): ChildProcess | undefined {
    const child = this.#agent;
    return child && child.exitCode === null && child.signalCode === null ? child : undefined;
  }

  async #signal(signal: NodeJS.Signals): Promise<void> {
    const child = this.#living();
    if (!child) return;
    const gone = once(child, 'exit');
    child.kill(signal);
    await gone;
  }
}
