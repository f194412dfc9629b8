import { spawn, type ChildProcess } from 'node:child_process';

import { isAppError, messageOf, type Control, type ControlAnswer } from '@mainstay/core';
import type { Container } from '@mainstay/platform';

import type { ResourceLimits } from '../manifest/types.ts';
import type { RunOutput } from '../output/types.ts';
import { runnerErrors } from '../runner/errors.ts';
import type {
  CommandInside,
  HealthProbe,
  ReclaimRequest,
  Run,
  RunEnd,
  RunEvents,
  RunId,
  RunSpec,
  Usage,
} from '../runner/types.ts';
import { ChildChannel } from './child-channel.ts';
import { childEnvironment, throughShell } from './child-environment.ts';
import type { Containers } from './containers.ts';
import { findProgram, isNodeProgram } from './find-program.ts';
import type { ProcessRunnerOptions } from './options.ts';
import type { ProcessSystem, RunPipes } from './process-system.ts';

export interface ProcessRunParts extends ProcessRunnerOptions {
  readonly system: ProcessSystem;
  readonly containers: Containers;
}

/** What the process has been started with. */
interface Started {
  readonly child: ChildProcess;
  readonly pid: number;
  readonly container: Container;
  readonly env: Readonly<Record<string, string>>;
  readonly channel: ChildChannel | undefined;
  readonly exited: Promise<Pick<RunEnd, 'exitCode' | 'signal'>>;
}

/** A child of this process in a container of its own. */
export class ProcessRun implements Run {
  readonly id: RunId;
  readonly startedAt: number;
  readonly ended: Promise<RunEnd>;
  readonly #parts: ProcessRunParts;
  readonly #spec: RunSpec;
  readonly #events: RunEvents;
  #started: Started | undefined;
  #memoryKills = 0;
  #sawMemoryKill = false;
  #isOver = false;
  #isKilled = false;
  #listensAlone = false;

  constructor(parts: ProcessRunParts, spec: RunSpec, events: RunEvents, output: RunOutput) {
    this.#parts = parts;
    this.#spec = spec;
    this.#events = events;
    this.id = spec.id;
    this.startedAt = parts.clock.now();
    this.ended = this.#live(output).finally(() => {
      this.#isOver = true;
    });
  }

  get pid(): number | undefined {
    return this.#started?.pid;
  }

  get listensAlone(): boolean {
    return this.#listensAlone;
  }

  async askToStop(): Promise<void> {
    const { stop, cwd, user } = this.#spec.declaration;
    const started = this.#started;
    // Before its process is there it is not asked, but not started at all.
    if (!started) return this.kill();
    if (this.#isOver) return;
    if (stop.by.type !== 'ipc') {
      const { child, pid, container, env } = started;
      const target = { child, pid, container, env, cwd, user, timeoutMs: stop.graceMs };
      try {
        await this.#parts.system.stop(stop.by, target);
      } catch (error) {
        // The end that was asked for may come before the command is through, and ends the command, too.
        if (!this.#hasExited(started)) throw error;
      }
      return;
    }
    const answer = await started.channel?.control({ type: 'stop', reason: 'stop' });
    if (answer !== 'accepted' && !this.#hasExited(started))
      throw runnerErrors.error(
        'RUN_CANNOT_ASK',
        'The program cannot be asked to end: it has closed its channel',
      );
  }

  kill(): void {
    this.#isKilled = true;
    if (!this.#isOver) void this.#started?.container.kill();
  }

  signal(name: string): void {
    if (this.#started && !this.#hasExited(this.#started)) this.#parts.system.signal(this.#started.pid, name);
  }

  async control(control: Control): Promise<ControlAnswer | undefined> {
    return await this.#started?.channel?.control(control);
  }

  async probe(timeoutMs: number): Promise<HealthProbe | undefined> {
    return await this.#started?.channel?.probe(timeoutMs);
  }

  async reclaim(request: ReclaimRequest): Promise<boolean | undefined> {
    return await this.#started?.channel?.reclaim(request);
  }

  async usage(): Promise<Usage | undefined> {
    const started = this.#started;
    if (!started || this.#isOver) return undefined;
    this.#lookForMemoryKills(started.container);
    const usage = started.container.usage();
    if (!usage) return undefined;
    return { ...usage, openFiles: this.#parts.system.openFiles(started.pid) };
  }

  setLimits(limits: ResourceLimits): void {
    if (this.#isOver) return;
    try {
      this.#started?.container.setLimits(limits);
    } catch (error) {
      this.#parts.log.warn({ ...this.id, error: messageOf(error) }, 'New limits could not be set');
    }
  }

  inside(command: string, args: readonly string[]): CommandInside | undefined {
    // On Windows a process is put in from outside, by those who start it.
    if (!this.#started || this.#isOver || process.platform === 'win32') return undefined;
    return this.#started.container.launch({ command, args, user: this.#spec.declaration.user });
  }

  /** Runs up to its first wait within the constructor: where the containment is at once, so is the process. */
  async #live(output: RunOutput): Promise<RunEnd> {
    let started: Started;
    let pipes: RunPipes | undefined;
    let container: Container | undefined;
    try {
      const { declaration } = this.#spec;
      const { program, cwd, limits, user } = declaration;
      const command = findProgram(program.command, cwd, this.#spec.env);
      const made = this.#parts.containers.take(this.id, limits);
      container = made instanceof Promise ? await made : made;
      if (this.#isKilled) throw runnerErrors.error('RUN_NOT_STARTED', 'It was ended before it was started');
      this.#memoryKills = container.outOfMemoryKills();
      pipes = this.#parts.system.openPipes(this.id, user);
      const spawned = this.#spawn(command, container, pipes);
      started = spawned instanceof Promise ? await spawned : spawned;
    } catch (error) {
      pipes?.discard();
      if (container) this.#parts.containers.giveBack(this.id, container);
      await output.end();
      return { exitCode: undefined, signal: undefined, error: explain(error), outOfMemory: false };
    }
    this.#started = started;
    pipes.attach(started.child, output);
    const end = await started.exited;
    return await this.#clear(end, started, pipes, output);
  }

  #spawn(file: string, container: Container, pipes: RunPipes): Started | Promise<never> {
    const { declaration } = this.#spec;
    const { program, cwd, user, instances, listen, stop } = declaration;
    const sockets = listen.length > 0 ? this.#parts.sockets.descriptorsFor(declaration) : [];
    const isHosted = program.type === 'service';
    // A single program that makes workers of its own would take itself for one, and has to say that it wants this.
    const isSharing = (this.#spec.mostInstances ?? instances) > 1 || stop.reloadOrder !== undefined;
    const mayShare = listen.length === 0 && (isHosted || isNodeProgram(file));
    const sharesPorts = mayShare && (isHosted || isSharing);
    this.#listensAlone = mayShare && !sharesPorts;
    const plain = { command: file, args: program.args };
    const line = container.launch({
      ...throughShell(plain, this.#spec.env),
      user,
      setsListenPid: sockets.length > 0,
    });
    const env = childEnvironment(this.#spec, {
      sockets: sockets.map(({ name }) => name),
      isHosted,
      sharesPorts,
      containment: line.env,
    });
    const child = spawn(line.command, line.args, {
      cwd,
      env,
      stdio: [
        stop.by.type === 'stdin' ? 'pipe' : 'ignore',
        ...pipes.stdio,
        ...sockets.map(({ fd }) => fd),
        ...(isHosted || sharesPorts ? (['ipc'] as const) : []),
      ],
      detached: this.#parts.system.detached,
      windowsHide: true,
    });
    const { pid } = child;
    if (pid === undefined) return new Promise((_, reject) => child.once('error', (error) => reject(error)));
    try {
      container.adopt(pid);
    } catch (error) {
      // Nobody would end what is not held. Its pipes are free again when it has gone.
      child.kill('SIGKILL');
      return new Promise((_, reject) => child.once('exit', () => reject(error)));
    }
    // A message that could not be sent, a line that the program did not read: those who sent them are told.
    child.on('error', (error) => this.#parts.log.debug({ ...this.id, error }, 'Talking to a program failed'));
    child.stdin?.on('error', () => undefined);
    if (sharesPorts) this.#parts.ports.attach(child, this.id.service);
    return {
      child,
      pid,
      container,
      env,
      channel: isHosted ? new ChildChannel(child, (status) => this.#events.onStatus(status)) : undefined,
      exited: new Promise((resolve) => {
        child.once('exit', (code, signal) =>
          resolve({ exitCode: code ?? undefined, signal: signal ?? undefined }),
        );
      }),
    };
  }

  /** What the program left behind ends with it; then what is in the pipes is all that will ever be. */
  async #clear(
    end: Pick<RunEnd, 'exitCode' | 'signal'>,
    { child, container, channel }: Started,
    pipes: RunPipes,
    output: RunOutput,
  ): Promise<RunEnd> {
    await container.kill();
    await pipes.drained();
    await output.end();
    this.#lookForMemoryKills(container);
    this.#parts.containers.giveBack(this.id, container);
    channel?.close();
    child.stdin?.destroy();
    if (child.connected) child.disconnect();
    return { ...end, error: undefined, outOfMemory: this.#sawMemoryKill && end.exitCode !== 0 };
  }

  #lookForMemoryKills(container: Container): void {
    const kills = container.outOfMemoryKills();
    if (kills > this.#memoryKills) {
      this.#sawMemoryKill = true;
      this.#events.onOutOfMemory();
    }
    this.#memoryKills = kills;
  }

  #hasExited({ child }: Started): boolean {
    return child.exitCode !== null || child.signalCode !== null;
  }
}

/** Errors of the system in words; those of ours have them. */
function explain(error: unknown): Error {
  if (isAppError(error)) return error;
  if ((error as NodeJS.ErrnoException).code === 'E2BIG')
    return runnerErrors.error('RUN_TOO_LONG', 'Arguments and environment are longer than the system allows', {
      cause: error,
    });
  return runnerErrors.error('RUN_NOT_STARTED', `The system did not start the process: ${messageOf(error)}`, {
    cause: error,
  });
}
