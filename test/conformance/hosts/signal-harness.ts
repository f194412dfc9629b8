import { readFileSync } from 'node:fs';
import type { Control } from '@mainstay/core';
import type { Capability, FixtureRun, HostHarness } from '../harness.ts';
import { eventually } from '../workspace.ts';
import { fixtureArguments, FixtureProcess, stateOfOutput } from './process-run.ts';

const capabilities: readonly Capability[] = ['reload', 'force', 'exit-code', 'output', 'kill'];

/** A shell's job: the fixture is our child, and hears signals. */
export async function createTerminalHarness(): Promise<HostHarness> {
  return new SignalHarness(
    'terminal',
    (args) => [process.execPath, ...args],
    async (pid) => pid,
  );
}

/** The first process of a PID namespace of its own, as a container runtime starts it. Needs root. */
export async function createContainerHarness(): Promise<HostHarness> {
  const unshare = ['unshare', '--pid', '--fork', '--mount-proc', '--kill-child'];
  return new SignalHarness('container', (args) => [...unshare, process.execPath, ...args], firstChild);
}

class SignalHarness implements HostHarness {
  readonly kind: 'terminal' | 'container';
  readonly can = new Set(capabilities);
  readonly #command: (args: readonly string[]) => readonly string[];
  readonly #target: (pid: number) => Promise<number>;
  readonly #processes = new Map<FixtureRun, FixtureProcess>();

  constructor(
    kind: 'terminal' | 'container',
    command: (args: readonly string[]) => readonly string[],
    /** The process to signal, from the one that was spawned. */
    target: (pid: number) => Promise<number>,
  ) {
    this.kind = kind;
    this.#command = command;
    this.#target = target;
  }

  async start(workspace: Parameters<HostHarness['start']>[0]): Promise<FixtureRun> {
    workspace.write();
    const [command = '', ...args] = this.#command(fixtureArguments(workspace));
    const fixture = new FixtureProcess({ command, args });
    const target = this.#target(fixture.child.pid ?? 0);
    const signal = async (name: NodeJS.Signals): Promise<void> => void process.kill(await target, name);
    const run: FixtureRun = {
      seen: [],
      async control(control) {
        await signal(signalOf(control));
        return undefined;
      },
      observe: async () => ({ state: stateOfOutput(fixture), text: '', checkpoint: 0 }),
      exited: () => fixture.exited(),
      kill: () => signal('SIGKILL'),
      output: async () => fixture.output,
    };
    this.#processes.set(run, fixture);
    return run;
  }

  async cleanUp(run: FixtureRun): Promise<void> {
    await this.#processes.get(run)?.destroy();
    this.#processes.delete(run);
  }

  async close(): Promise<void> {
    for (const fixture of this.#processes.values()) await fixture.destroy();
  }
}

function signalOf(control: Control): NodeJS.Signals {
  if (control.type === 'stop') return control.reason === 'interrupt' ? 'SIGINT' : 'SIGTERM';
  if (control.type === 'reload') return 'SIGHUP';
  throw new Error(`There is no signal for ${control.type}`);
}

/** proc_pid_children(5): unshare has one child, the fixture. */
async function firstChild(pid: number): Promise<number> {
  return eventually('the first process of the namespace', () => {
    const [child] = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ');
    return child ? Number(child) : undefined;
  });
}
