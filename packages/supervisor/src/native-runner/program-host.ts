import {
  acceptsNothing,
  answerControl,
  messageOf,
  type Clock,
  type Control,
  type ControlAnswer,
  type Exit,
  type HostedService,
  type LifecycleStatus,
  type Logger,
  type ServiceHost,
} from '@mainstay/core';

import type { RunOutput } from '../output/types.ts';
import type { Run, RunEnd, Runner, RunSpec } from '../runner/types.ts';
import { killControl, reportedCode } from './host-exit.ts';

/** A program that tells nothing counts as up when it has run this long, in ms. */
const settleMs = 100;

export interface ProgramHostOptions {
  /** What the spec file says. */
  readonly spec: RunSpec;
  /** The SCM; any host would do. */
  readonly host: ServiceHost;
  /** The process runner, with a container that dies with this process. */
  readonly runner: Runner;
  readonly output: RunOutput;
  readonly clock: Clock;
  readonly log: Logger;
  /** Notes how the program has really ended, before the host is told. */
  readonly onEnd: (end: RunEnd) => void;
}

/**
 * Runs a program that knows nothing of service managers under one that insists on being spoken to: the SCM. Resolves
 * with the exit code for this process when the program has ended.
 */
export async function hostProgram(options: ProgramHostOptions): Promise<number> {
  return new HostedProgram(options).run();
}

class HostedProgram implements HostedService {
  readonly #options: ProgramHostOptions;
  #status: LifecycleStatus = { ...quiet, state: 'start-pending', text: '' };
  #run: Run | undefined;
  #isAsked = false;

  constructor(options: ProgramHostOptions) {
    this.#options = options;
  }

  async run(): Promise<number> {
    const { host, runner, spec, output, clock } = this.#options;
    this.#report({ state: 'start-pending' });
    await host.attach(this, { isHealthy: () => true });
    const events = { onStatus: (status: LifecycleStatus) => this.#told(status), onOutOfMemory() {} };
    const run = runner.start(spec, events, output);
    this.#run = run;
    // Asked while there was nothing to ask yet.
    if (this.#isAsked) this.#stop(run);
    const timer = clock.setTimer(settleMs, () => this.#settle(run));
    const end = await run.ended;
    timer.clear();
    return this.#ended(end);
  }

  control(control: Control): ControlAnswer {
    const run = this.#run;
    if (control.type === 'custom' && control.code === killControl) {
      this.#isAsked = true;
      run?.kill();
      return 'accepted';
    }
    if (control.type === 'stop') {
      if (!this.#isAsked && run) this.#stop(run);
      this.#isAsked = true;
      return 'accepted';
    }
    const answer = answerControl(this.#status.state, this.#status.accepts, control);
    if (answer === 'accepted' && run && control.type !== 'interrogate') this.#pass(run, control);
    return answer;
  }

  /** A program without a way of its own to be told gets the signal that the manifest names. */
  #pass(run: Run, control: Control): void {
    const { reloadSignal } = this.#options.spec.declaration.stop;
    if (control.type === 'reload' && reloadSignal !== undefined) run.signal(reloadSignal);
    else void run.control(control);
  }

  #stop(run: Run): void {
    const { clock, log, spec } = this.#options;
    const { graceMs } = spec.declaration.stop;
    this.#report({ state: 'stop-pending', waitHintMs: graceMs });
    const timer = clock.setTimer(graceMs, () => run.kill());
    void run.ended.finally(() => timer.clear());
    run.askToStop().catch((error: unknown) => {
      log.warn({ reason: messageOf(error) }, 'The program could not be asked to stop, and is killed');
      run.kill();
    });
  }

  /** A Mainstay service says by itself when it is up. */
  #settle(run: Run): void {
    const { declaration } = this.#options.spec;
    if (this.#isAsked || run.pid === undefined || declaration.program.type === 'service') return;
    const accepts = { ...acceptsNothing, reload: declaration.stop.reloadSignal !== undefined };
    this.#report({ state: 'running', accepts });
  }

  /** The end is told when the tree is gone, not when the service says so. */
  #told(status: LifecycleStatus): void {
    if (status.state !== 'stopped' && !(this.#isAsked && status.state === 'running')) this.#report(status);
  }

  async #ended(end: RunEnd): Promise<number> {
    const { host, spec, onEnd } = this.#options;
    onEnd(end);
    const code = reportedCode(end, spec.declaration.restart, this.#isAsked);
    const exit: Exit = { code, reason: code === 0 ? 'stopped' : 'crashed', message: describe(end) };
    this.#report({ state: 'stopped', accepts: acceptsNothing, exit });
    await host.detach();
    return code;
  }

  #report(change: Partial<LifecycleStatus>): void {
    this.#status = { ...this.#status, waitHintMs: 0, ...change };
    this.#options.host.report(this.#status);
  }
}

const quiet = { accepts: acceptsNothing, checkpoint: 0, waitHintMs: 0, reloading: false } as const;

function describe({ error, signal, exitCode, outOfMemory }: RunEnd): string {
  if (error) return error.message;
  if (outOfMemory) return 'Ended for its memory';
  return signal ?? (exitCode === undefined ? 'Ended' : `Exit code ${exitCode}`);
}
