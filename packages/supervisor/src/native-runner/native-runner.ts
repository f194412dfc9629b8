import { rmSync } from 'node:fs';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import {
  messageOf,
  type Clock,
  type Logger,
  type LogQuery,
  type ManagedEnd,
  type ServiceManager,
} from '@mainstay/core';
import { writeFileAtomic } from '@mainstay/platform';
import { makeDirectories } from '@mainstay/platform/directories';

import type { RunOutput } from '../output/types.ts';
import type {
  KeptOutput,
  LeftoverOutput,
  Run,
  RunEvents,
  Runner,
  RunnerCapabilities,
  RunSpec,
  Usage,
} from '../runner/types.ts';
import { findProgram } from '../process-runner/find-program.ts';
import { capabilitiesOf } from './capabilities.ts';
import { nativeErrors } from './errors.ts';
import { digestOf, hostedSpecOf, specDigestVariable } from './hosted-spec.ts';
import { readHostedEnds } from './host-exit.ts';
import { installedUnits, removeUnit } from './installed-units.ts';
import { keptOutput } from './kept-output.ts';
import { NativeRun, type InstalledUnit } from './native-run.ts';
import { openFilesOf, procUsage } from './proc-usage.ts';
import { talkTo } from './service-talk.ts';
import { endsFileOf, parseUnitName, serviceSpecOf, unitNameOf, type UnitProgram } from './unit.ts';
import { UnitWatch } from './unit-watch.ts';

/** For a stop or a removal that nobody is waiting for, in ms. */
const removeTimeoutMs = 120_000;
/** How long a run that the manager has begun by itself waits to be taken over, in ms; then it is stopped. */
const claimMs = 2_000;

export interface NativeRunnerOptions {
  readonly manager: ServiceManager;
  readonly clock: Clock;
  readonly log: Logger;
  /** The runner's own, absolute; units belong to the agent that has this directory. Made when it is missing. */
  readonly directory: string;
  /**
   * Windows: the program, and the arguments before the spec file, that speaks to the SCM and runs what the file says;
   * see `hostProgram`. Without it only executables that are services themselves can be run there.
   */
  readonly agentExecutable?: readonly [executable: string, ...args: string[]];
}

/** Programs as services of the operating system's own manager, which live on when the agent dies. */
export class NativeRunner implements Runner {
  readonly kind = 'native';
  readonly capabilities: RunnerCapabilities;
  readonly #options: NativeRunnerOptions;
  readonly #watch: UnitWatch;

  constructor(options: NativeRunnerOptions) {
    this.#options = options;
    this.capabilities = capabilitiesOf(options.manager, options.agentExecutable !== undefined);
    this.#watch = new UnitWatch(options);
  }

  start(spec: RunSpec, events: RunEvents, output: RunOutput): Run {
    const run = this.#run(spec, events);
    // The manager keeps what it writes.
    void output.end();
    run.launch(() => this.#install(spec));
    return run;
  }

  async adopt(
    specOf: (id: Omit<RunSpec['id'], 'run'>) => RunSpec | undefined,
    eventsOf: (spec: RunSpec) => RunEvents,
  ): Promise<readonly Run[]> {
    const { manager, log } = this.#options;
    const adopted: Run[] = [];
    for (const name of await this.#units()) {
      const id = parseUnitName(name);
      const spec = id && specOf(id);
      if (!spec) {
        await this.#remove(name);
        continue;
      }
      const info = await manager.query(name);
      if (info.pid === undefined || info.state === 'stop-pending') continue;
      const run = this.#run(spec, eventsOf(spec));
      log.info({ unit: name, pid: info.pid }, 'A service of an earlier agent was taken over');
      await run.takeOver(info);
      adopted.push(run);
    }
    return adopted;
  }

  /** None: the manager takes it, whether there is an agent or not. */
  async leftovers(): Promise<readonly LeftoverOutput[]> {
    return [];
  }

  readOutput(ids: readonly Omit<RunSpec['id'], 'run'>[], query: LogQuery): KeptOutput {
    return keptOutput(this.#options.manager, ids, query);
  }

  async forget(service: string): Promise<void> {
    for (const name of await this.#units())
      if (parseUnitName(name)?.service === service) await this.#remove(name);
  }

  /** Lets go of the units, which run on. */
  async close(): Promise<void> {
    this.#watch.close();
  }

  #run(spec: RunSpec, events: RunEvents): NativeRun {
    const { manager, clock, log } = this.#options;
    const name = unitNameOf(spec.id);
    const run = new NativeRun(spec, events, {
      manager,
      clock,
      log,
      name,
      talk: spec.declaration.program.type === 'service' ? talkTo(name, manager) : undefined,
      usage: () => this.#usage(name),
      ends: (identity) => this.#ends(name, identity),
      isHosted: this.#isHosting,
      onReplaced: () => this.#awaitClaim(name),
    });
    makeDirectories(this.#options.directory, { mode: 0o700 });
    this.#watch.add(name, run);
    return run;
  }

  async #install(spec: RunSpec): Promise<InstalledUnit> {
    const { manager, directory } = this.#options;
    const name = unitNameOf(spec.id);
    // Who ran before is of no interest any more; while it runs, its end is still to come.
    if ((await manager.query(name)).pid === undefined) rmSync(endsFileOf(directory, name), { force: true });
    const hosted = hostedSpecOf(spec, process.env);
    const program = await this.#program(spec);
    const service = serviceSpecOf(spec, program, {
      manager,
      directory,
      agentUser: manager.kind === 'scm' ? 'LocalSystem' : userInfo().username,
      agentEnv: process.env,
      ...(program.isHosted && { environment: { [specDigestVariable]: digestOf(hosted) } }),
    });
    const plan = await manager.install(service);
    // After it: a unit that was refused is not ours.
    await writeFileAtomic(join(directory, `${name}.json`), hosted, { mode: 0o600 });
    return { service, plan };
  }

  /** On Windows programs run inside the agent's host, when there is one. */
  get #isHosting(): boolean {
    return this.#options.manager.kind === 'scm' && this.#options.agentExecutable !== undefined;
  }

  async #program({ id, declaration, env }: RunSpec): Promise<UnitProgram> {
    const { manager, agentExecutable, directory } = this.#options;
    const { program, cwd } = declaration;
    const executable = findProgram(program.command, cwd, env);
    if (manager.kind === 'scm' && agentExecutable) {
      const [host, ...args] = agentExecutable;
      return { executable: host, args: [...args, join(directory, `${unitNameOf(id)}.json`)], isHosted: true };
    }
    if (manager.kind !== 'scm' || program.type === 'service')
      return { executable, args: program.args, isHosted: false };
    throw nativeErrors.error(
      'NATIVE_NO_HOST',
      `Service ${declaration.name} cannot be a Windows service by itself, as ${program.command} does not speak to the service control manager; run it by the installed agent, or with \`runner: process\``,
    );
  }

  #units(): Promise<readonly string[]> {
    return installedUnits(this.#options.manager, this.#options.directory);
  }

  async #remove(name: string): Promise<void> {
    const { manager, directory, log } = this.#options;
    try {
      await removeUnit(manager, directory, name, { timeoutMs: removeTimeoutMs });
    } catch (error) {
      log.error({ unit: name, reason: messageOf(error) }, 'A unit that is not wanted could not be removed');
    }
  }

  async #ends(name: string, identity: string | undefined): Promise<readonly ManagedEnd[]> {
    const { manager, directory } = this.#options;
    const file = endsFileOf(directory, name);
    return this.#isHosting ? readHostedEnds(file, identity) : ((await manager.readEnds?.(file)) ?? []);
  }

  async #usage(name: string): Promise<Usage | undefined> {
    const info = await this.#watch.fresh(name);
    if (info?.pid === undefined) return undefined;
    const usage = info.run?.usage ?? (process.platform === 'linux' ? procUsage(info.pid) : undefined);
    return usage && { ...usage, openFiles: openFilesOf(info.pid) };
  }

  /** The supervisor starts again at once, or waits: then nothing is to run, and what the manager has begun is ended. */
  #awaitClaim(name: string): void {
    const { manager, clock, log } = this.#options;
    clock.setTimer(claimMs, () => {
      if (this.#watch.has(name)) return;
      manager.act(name, 'stop', { timeoutMs: removeTimeoutMs }).catch((error: unknown) => {
        log.warn({ unit: name, reason: messageOf(error) }, 'A run that nobody wanted could not be stopped');
      });
    });
  }
}
