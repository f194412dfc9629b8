import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Control, ControlAnswer, ServiceState } from '@mainstay/core';
import { sendControl } from '../../../packages/platform/src/control-socket/index.ts';
import { createSystemdManager } from '../../../packages/platform/src/systemd/manager.ts';
import type { Capability, FixtureRun, FixtureWorkspace, HostHarness, ProcessExit } from '../harness.ts';
import { eventually } from '../workspace.ts';
import { fixtureArguments } from './process-run.ts';

const run = promisify(execFile);
const capabilities: readonly Capability[] = [
  'states',
  'answers',
  'pause',
  'reload',
  'custom',
  'force',
  'exit-code',
  'text',
  'output',
  'kill',
];
const units = '/run/systemd/system';

/** The machine's own systemd, as root of it. A plain unit: that of `install` is tested with the manager. */
export async function createSystemdHarness(): Promise<HostHarness> {
  return new SystemdHarness();
}

class SystemdHarness implements HostHarness {
  readonly kind = 'systemd';
  readonly can = new Set(capabilities);
  readonly #manager = createSystemdManager({ scope: 'system' });
  readonly #names = new Map<FixtureRun, string>();
  #count = 0;

  async start(workspace: FixtureWorkspace): Promise<FixtureRun> {
    workspace.write();
    this.#count += 1;
    const name = `fixture-${this.#count}`;
    const output = join(workspace.directory, 'output');
    const exitFile = join(workspace.directory, `exit-${this.#count}`);
    const command = [process.execPath, ...fixtureArguments(workspace)].join(' ');
    mkdirSync(units, { recursive: true });
    writeFileSync(
      join(units, `${name}.service`),
      `[Service]
Type=notify
ExecStart=${command}
ExecReload=/bin/kill -HUP $MAINPID
RuntimeDirectory=${name}
StandardOutput=append:${output}
StandardError=append:${output}
# Written however the service ended (systemd.exec(5)).
ExecStopPost=/bin/sh -c 'echo "$EXIT_CODE $EXIT_STATUS" >${exitFile}.new; mv ${exitFile}.new ${exitFile}'
`,
    );
    await systemctl('daemon-reload');
    await systemctl('start', '--no-block', name);
    const hosted: FixtureRun = {
      seen: [],
      control: (control) => this.#control(name, control),
      observe: async () => {
        if (existsSync(exitFile)) return { state: 'stopped', text: '', checkpoint: 0 };
        const info = await this.#manager.query(name);
        return { state: stateOf(info.state), text: info.text, checkpoint: 0 };
      },
      exited: () => eventually('the end of the unit', () => readExit(exitFile)),
      kill: () => systemctl('kill', '--kill-whom=main', '--signal=KILL', name),
      output: async () => (existsSync(output) ? readFileSync(output, 'utf8') : ''),
    };
    this.#names.set(hosted, name);
    return hosted;
  }

  async cleanUp(hosted: FixtureRun): Promise<void> {
    const name = this.#names.get(hosted);
    if (name === undefined) return;
    this.#names.delete(hosted);
    // Fails when it has ended already, and is gone then.
    await systemctl('kill', '--signal=KILL', name).catch(() => undefined);
    await systemctl('stop', name).catch(() => undefined);
    rmSync(join(units, `${name}.service`), { force: true });
    await systemctl('reset-failed', name).catch(() => undefined);
  }

  async close(): Promise<void> {
    for (const hosted of this.#names.keys()) await this.cleanUp(hosted);
  }

  async #control(name: string, control: Control): Promise<ControlAnswer | undefined> {
    if (control.type !== 'stop') return sendControl(`/run/${name}/control.sock`, control);
    if (control.reason === 'interrupt') await systemctl('kill', '--kill-whom=main', '--signal=INT', name);
    else await systemctl('stop', '--no-block', name);
    return undefined;
  }
}

async function systemctl(...args: string[]): Promise<void> {
  await run('systemctl', args);
}

/** `exited 0`, `killed TERM`. */
function readExit(file: string): ProcessExit | undefined {
  if (!existsSync(file)) return undefined;
  const [how, status = ''] = readFileSync(file, 'utf8').trim().split(' ');
  return how === 'exited'
    ? { code: Number(status), signal: undefined }
    : { code: undefined, signal: `SIG${status}` };
}

function stateOf(state: string): ServiceState {
  return state === 'failed' || state === 'not-installed' ? 'stopped' : (state as ServiceState);
}
