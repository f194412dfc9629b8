import {
  readSupervisedMessage,
  type Control,
  type ControlAnswer,
  type LifecycleStatus,
  type ServiceState,
  type SupervisorMessage,
} from '@mainstay/core';
import type { Capability, FixtureRun, FixtureWorkspace, HostHarness } from '../harness.ts';
import { patienceMs } from '../workspace.ts';
import { fixtureArguments, FixtureProcess, plainEnvironment } from './process-run.ts';

const capabilities: readonly Capability[] = [
  'states',
  'answers',
  'pause',
  'reload',
  'custom',
  'force',
  'exit-code',
  'text',
  'checkpoints',
  'output',
  'kill',
];

/** A parent that supervises the fixture over Node's IPC channel, as `mainstay up` does. */
export async function createSupervisorHarness(): Promise<HostHarness> {
  const runs = new Set<SupervisedRun>();
  return {
    kind: 'supervisor',
    can: new Set(capabilities),
    async start(workspace) {
      workspace.write();
      const run = new SupervisedRun(workspace);
      runs.add(run);
      return run;
    },
    async cleanUp(run) {
      for (const each of runs) if (each === run) await each.destroy();
    },
    async close() {
      for (const run of runs) await run.destroy();
    },
  };
}

export class SupervisedRun implements FixtureRun {
  readonly seen: ServiceState[] = [];
  readonly process: FixtureProcess;
  #status: LifecycleStatus | undefined;
  #nextId = 1;
  readonly #answers = new Map<number, (answer: ControlAnswer) => void>();

  constructor(workspace: FixtureWorkspace) {
    this.process = new FixtureProcess({
      command: process.execPath,
      args: fixtureArguments(workspace),
      env: plainEnvironment({ MAINSTAY_HOST: 'supervisor' }),
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    });
    this.process.child.on('message', (raw) => {
      const message = readSupervisedMessage(raw);
      if (message?.type === 'answer') this.#answers.get(message.id)?.(message.answer);
      if (message?.type !== 'status') return;
      this.#status = message.status;
      if (this.seen.at(-1) !== message.status.state) this.seen.push(message.status.state);
    });
  }

  async control(control: Control): Promise<ControlAnswer> {
    // A service that is not up yet has no listener; Node keeps messages until there is one.
    const id = this.#nextId++;
    const { promise, resolve, reject } = Promise.withResolvers<ControlAnswer>();
    this.#answers.set(id, resolve);
    const timer = setTimeout(() => reject(new Error(`No answer to ${control.type}`)), patienceMs);
    this.process.child.send({ type: 'control', control, id } satisfies SupervisorMessage);
    try {
      return await promise;
    } finally {
      clearTimeout(timer);
    }
  }

  async observe(): ReturnType<FixtureRun['observe']> {
    if (this.process.hasExited) return { state: 'stopped', text: '', checkpoint: 0 };
    const { state = 'start-pending', text = '', checkpoint = 0 } = this.#status ?? {};
    return { state, text, checkpoint };
  }

  exited(): ReturnType<FixtureRun['exited']> {
    return this.process.exited();
  }

  async kill(): Promise<void> {
    this.process.child.kill('SIGKILL');
  }

  async output(): Promise<string> {
    return this.process.output;
  }

  destroy(): Promise<void> {
    return this.process.destroy();
  }
}
