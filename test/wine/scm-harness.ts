import { setTimeout as sleep } from 'node:timers/promises';
import { copyFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Control, ServiceSpec, ServiceState } from '@mainstay/core';
import { ControlCode } from '../../packages/platform/src/windows/codes.ts';
import { exitCodeOf, type ServiceProcessStatus } from '../../packages/platform/src/windows/service-status.ts';
import type { FixtureRun, FixtureWorkspace, HostHarness, ProcessExit } from '../conformance/harness.ts';
import { eventually } from '../conformance/workspace.ts';
import { windowsExecutable } from './executables.ts';
import type { ControlResult } from './driver/protocol.ts';
import { WineDriver } from './driver/wine-driver.ts';
import { Wine } from './wine.ts';

/** Wine does not deliver shutdown, session and power events, and tells the sender of no answer but "accepted". */
const can = ['states', 'pause', 'reload', 'custom', 'exit-code', 'checkpoints', 'kill'] as const;

const pollMs = 20;

/** A Wine session with its SCM, the driver in it, and the fixture on its drive. */
export class ScmHarness implements HostHarness {
  readonly kind = 'scm';
  readonly can: HostHarness['can'] = new Set(can);
  readonly wine: Wine;
  readonly driver: WineDriver;
  readonly #runs = new Map<FixtureRun, string>();
  #count = 0;

  private constructor(wine: Wine, driver: WineDriver) {
    this.wine = wine;
    this.driver = driver;
  }

  static async create(): Promise<ScmHarness> {
    const fixture = await windowsExecutable('fixture');
    const wine = await Wine.start();
    try {
      await copyFile(fixture, join(wine.drive, 'fixture.exe'));
      return new ScmHarness(wine, await WineDriver.start(wine));
    } catch (error) {
      // The session would keep this process alive.
      await wine[Symbol.asyncDispose]();
      throw error;
    }
  }

  async start(workspace: FixtureWorkspace, startArguments: readonly string[] = []): Promise<ScmRun> {
    this.#count += 1;
    const name = `conformance-${this.#count}`;
    workspace.write((path) => this.wine.toWindows(path));
    translateJournal(workspace, this.wine);
    await this.driver.call('install', [
      this.spec(name, ['run', '--config', this.wine.toWindows(workspace.planFile)]),
    ]);
    const run = new ScmRun(this.driver, name, workspace);
    this.#runs.set(run, name);
    const { error } = await this.driver.call<ControlResult>('start', [name, startArguments]);
    if (error !== 0) throw new Error(`StartService failed with Windows error ${error}`);
    return run;
  }

  spec(name: string, args: readonly string[], change: Partial<ServiceSpec> = {}): ServiceSpec {
    const parent = `C:\\ProgramData\\${name}`;
    return {
      name,
      displayName: `Test ${name}`,
      description: 'A service of the test suite',
      executable: 'C:\\fixture.exe',
      args,
      scope: 'system',
      account: { type: 'virtual' },
      environment: {},
      dependencies: [],
      autoStart: false,
      delayedStart: true,
      recovery: { restart: 'never', delayMs: 1000, maxRestarts: 5, windowMs: 60_000 },
      startTimeoutMs: 90_000,
      stopTimeoutMs: 15_000,
      preshutdownTimeoutMs: 15_000,
      watchdogMs: 0,
      directories: { state: `${parent}\\state`, logs: `${parent}\\logs`, config: `${parent}\\config` },
      ...change,
    };
  }

  async cleanUp(run: FixtureRun): Promise<void> {
    const name = this.#runs.get(run);
    if (name === undefined) return;
    this.#runs.delete(run);
    await run.kill();
    await this.driver.call('uninstall', [name, { purge: true, timeoutMs: 60_000 }]);
  }

  async close(): Promise<void> {
    await this.driver[Symbol.asyncDispose]();
    await this.wine[Symbol.asyncDispose]();
  }
}

/** One run of the fixture as a service. */
export class ScmRun implements FixtureRun {
  readonly name: string;
  readonly seen: ServiceState[] = [];
  readonly #driver: WineDriver;
  readonly #workspace: FixtureWorkspace;
  /** Of the last process that was seen. */
  #pid = 0;

  constructor(driver: WineDriver, name: string, workspace: FixtureWorkspace) {
    this.#driver = driver;
    this.#workspace = workspace;
    this.name = name;
  }

  async control(control: Control): Promise<undefined> {
    await this.send(codeOf(control));
  }

  send(code: number): Promise<ControlResult> {
    return this.#driver.call<ControlResult>('control', [this.name, code]);
  }

  async observe(): Promise<{ state: ServiceState; text: string; checkpoint: number }> {
    const { state, checkpoint } = await this.status();
    return { state, text: '', checkpoint };
  }

  async status(): Promise<ServiceProcessStatus> {
    const status = await this.#driver.call<ServiceProcessStatus>('status', [this.name]);
    if (status.pid !== 0) this.#pid = status.pid;
    if (this.seen.at(-1) !== status.state) this.seen.push(status.state);
    return status;
  }

  async exited(): Promise<ProcessExit> {
    const status = await eventually(`the end of ${this.name}`, async () => {
      const now = await this.status();
      if (now.state !== 'stopped') await sleep(pollMs);
      return now.state === 'stopped' ? now : undefined;
    });
    // "Stopped" is told before the process is gone, which still has its last lines to write. One that was never looked
    // at while it lived has left its pid in the journal.
    const pid = this.#pid || this.#workspace.journal().at(-1)?.pid;
    if (pid !== undefined) {
      await eventually(`the end of process ${pid}`, async () =>
        (await this.#driver.call<boolean>('isAlive', [pid])) ? undefined : true,
      );
    }
    return { code: exitCodeOf(status), signal: undefined };
  }

  async kill(): Promise<void> {
    const { pid } = await this.status();
    if (pid === 0) return;
    await this.#driver.call('kill', [pid]);
    await eventually(`the end of process ${pid}`, async () =>
      (await this.status()).pid === 0 ? true : undefined,
    );
  }

  async output(): Promise<string> {
    return '';
  }
}

function codeOf(control: Control): number {
  switch (control.type) {
    case 'stop':
      return ControlCode.stop;
    case 'reload':
      return ControlCode.paramChange;
    case 'custom':
      return control.code;
    case 'pause':
    case 'continue':
    case 'interrogate':
      return ControlCode[control.type];
    default:
      throw new Error(`Wine cannot send ${control.type}`);
  }
}

/** Paths that the fixture writes into its journal are those of Windows; the suite looks at them on this machine. */
function translateJournal(workspace: FixtureWorkspace, wine: Wine): void {
  const journal = workspace.journal.bind(workspace);
  const translated = () =>
    journal().map((entry) =>
      entry.detail !== undefined && /^[cz]:\\/i.test(entry.detail)
        ? { ...entry, detail: wine.toUnix(entry.detail) }
        : entry,
    );
  Object.assign(workspace, {
    journal: translated,
    journaled: (event: string) =>
      eventually(`journal entry "${event}"`, () => translated().find((entry) => entry.event === event)),
  });
}
