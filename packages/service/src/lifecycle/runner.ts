import {
  answerControl,
  detachTimeoutMs,
  ExitCode,
  initialLifecycle,
  isAppError,
  messageOf,
  statusOf,
  stepLifecycle,
  type Clock,
  type Control,
  type ControlAnswer,
  type Exit,
  type HostedService,
  type LifecycleEffect,
  type LifecycleEvent,
  type LifecycleLimits,
  type LifecycleModel,
  type LifecycleStatus,
  type LivenessProbe,
  type Logger,
  type Operation,
  type ReclaimRequest,
  type ServiceHost,
} from '@mainstay/core';
import type { Releases } from '../context/disposer.ts';
import type { ServiceHandlers } from '../types.ts';
import { Deadlines } from './deadlines.ts';
import { acceptedControls } from './handlers.ts';

/** Longest and default time between two checkpoints, in milliseconds. */
const maxCheckpointMs = 3_600_000;
const defaultCheckpointMs = 10_000;

/** What the lifecycle runs. */
export interface Runnable {
  /** Reads the config and starts the service. */
  start(): Promise<ServiceHandlers>;
  /** Reads the config again; rejects when it is not valid, and the old one stays. @returns the keys that changed */
  readConfig(): Promise<readonly string[]>;
}

export interface RunnerOptions {
  readonly host: ServiceHost;
  readonly log: Logger;
  readonly clock: Clock;
  readonly limits?: Partial<LifecycleLimits>;
  readonly liveness: LivenessProbe;
  readonly releases: Pick<Releases, 'releaseAll'>;
  readonly probe?: NonNullable<HostedService['probe']>;
  /** Of a primary, whose instances have what could be given back. @default the service's own handler */
  readonly reclaim?: (request: ReclaimRequest) => Promise<boolean>;
  /** Takes the secrets out of what hosts show: the service's text, and why it failed. @default leaves all as it is */
  readonly mask?: (text: string) => string;
}

/**
 * Carries out what the lifecycle machine decides: calls the service's handlers, keeps its deadlines, tells the host.
 *
 * INVARIANT: events are stepped one after the other, and all effects of one before the next, also when an effect
 * causes an event.
 */
export class ServiceRunner implements HostedService {
  readonly #options: RunnerOptions;
  #controller: AbortController | undefined;
  readonly #deadlines: Deadlines;
  readonly #ended = Promise.withResolvers<Exit>();
  readonly #queue: LifecycleEvent[] = [];
  #isStepping = false;
  #model: LifecycleModel;
  #runnable: Runnable | undefined;
  #handlers: ServiceHandlers | undefined;
  /** The error behind the failure that is being stepped, for its stack. */
  #failure: unknown;
  #reclaiming: Promise<boolean> | undefined;

  constructor(options: RunnerOptions) {
    this.#options = options;
    this.#model = initialLifecycle(options.limits);
    this.#deadlines = new Deadlines(options.clock, (timer) => this.#dispatch({ type: 'timeout', timer }));
  }

  /** Aborted when a stop begins. */
  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  /** Made when it is first needed: Node loads the class then, and a start waits for it. */
  get #abort(): AbortController {
    return (this.#controller ??= new AbortController());
  }

  get status(): LifecycleStatus {
    return statusOf(this.#model);
  }

  /** Runs the service from start to end; the caller leaves the process with the exit code. Never rejects. */
  async run(runnable: Runnable): Promise<Exit> {
    this.#runnable = runnable;
    const { host, liveness, log } = this.#options;
    try {
      await host.attach(this, liveness);
    } catch (error) {
      // Without a host nobody could stop us in an orderly way, but the service would still do its work.
      log.error({ error, host: host.kind }, 'The host cannot be told anything');
    }
    this.#dispatch({ type: 'start' });
    return this.#ended.promise;
  }

  control(control: Control): ControlAnswer {
    const answer = answerControl(this.#model.state, this.#model.accepts, control);
    this.#dispatch({ type: 'control', control });
    return answer;
  }

  async probe(): ReturnType<NonNullable<HostedService['probe']>> {
    if (!this.#options.probe) return { report: { state: 'ok', ready: true, checks: {} }, metrics: undefined };
    return this.#options.probe();
  }

  /** One at a time: who asks while it runs waits for the same. A service that is not up has nothing to give. */
  async reclaim(request: ReclaimRequest): Promise<boolean> {
    const { state } = this.#model;
    if (state !== 'running' && state !== 'paused') return false;
    this.#reclaiming ??= this.#reclaim(request).finally(() => {
      this.#reclaiming = undefined;
    });
    return this.#reclaiming;
  }

  /** Sets the line of text that hosts show. Line breaks become spaces: STATUS= is one line (sd_notify(3)). */
  setText(text: string): void {
    this.#dispatch({ type: 'text', text: text.replaceAll(/[\r\n]+/g, ' ') });
  }

  /** "Still at it", for the operation that runs. */
  checkpoint(hintMs = defaultCheckpointMs): void {
    const usable = hintMs > 0 ? Math.min(hintMs, maxCheckpointMs) : defaultCheckpointMs;
    this.#dispatch({ type: 'checkpoint', hintMs: usable });
  }

  /** An exception or rejection that nobody caught: the service's state is unknown from here on. */
  crash(error: unknown): void {
    this.#options.log.fatal({ error }, 'Uncaught error');
    this.#dispatch({ type: 'crashed', message: messageOf(error) });
  }

  /**
   * The process leaves without having been asked: the host is told what can still be told.
   *
   * @returns the code to leave with: after 0 no recovery of the operating system would fire
   */
  reportSuddenExit(asked: number): number {
    if (this.#model.exit) return asked;
    const code = asked === 0 ? ExitCode.crashed : asked;
    const exit: Exit = { code, reason: 'crashed', message: `The service called process.exit(${asked})` };
    this.#options.log.error({ code: asked }, 'The service left the process without a stop');
    this.#report({ ...this.status, state: 'stopped', exit });
    return code;
  }

  #dispatch(event: LifecycleEvent): void {
    this.#queue.push(event);
    if (this.#isStepping) return;
    this.#isStepping = true;
    try {
      for (let next = this.#queue.shift(); next; next = this.#queue.shift()) {
        const { model, effects } = stepLifecycle(this.#model, next);
        this.#model = model;
        for (const effect of effects) this.#perform(effect);
      }
    } finally {
      // If an effect throws it is a bug of ours; as an uncaught error it comes back as a crash, which must be stepped.
      this.#isStepping = false;
    }
  }

  #perform(effect: LifecycleEffect): void {
    switch (effect.type) {
      case 'invoke':
        this.#call(effect.run, () => this.#invoke(effect.handler, effect.run));
        break;
      case 'deliver':
        this.#call(effect.run, () => this.#settle(effect.run, async () => this.#deliver(effect.control)));
        break;
      case 'abort':
        this.#abort.abort(new DOMException(`The service is stopping (${effect.reason})`, 'AbortError'));
        break;
      case 'report':
        this.#report(effect.status);
        break;
      case 'set-timer':
        this.#deadlines.set(effect.timer, effect.ms);
        break;
      case 'extend-timer':
        this.#deadlines.extend(effect.timer, effect.ms);
        break;
      case 'clear-timer':
        this.#deadlines.clear(effect.timer);
        break;
      case 'log':
        this.#log(effect);
        break;
      case 'exit':
        void this.#leave(effect.exit);
        break;
      case 'answer':
        // `control` has answered already, from the same state.
        break;
    }
  }

  /** After the step, so that what the handler does at once is stepped at once; unless it was overtaken by then. */
  #call(run: number, invoke: () => Promise<void>): void {
    queueMicrotask(() => {
      if (this.#model.inFlight?.run === run) void invoke();
    });
  }

  #invoke(handler: Operation | 'reload', run: number): Promise<void> {
    const service = this.#handlers;
    switch (handler) {
      case 'start':
        return this.#start(run);
      case 'pause':
        return this.#settle(run, async () => service?.pause?.());
      case 'continue':
        return this.#settle(run, async () => service?.resume?.());
      case 'reload':
        return this.#settle(run, async () => this.#reload());
      case 'stop':
        return this.#settle(run, async () => service?.stop());
      case 'dispose':
        return this.#dispose(run);
    }
  }

  async #start(run: number): Promise<void> {
    try {
      const handlers = await this.#runnable?.start();
      const accepts = acceptedControls(handlers as ServiceHandlers);
      this.#handlers = handlers;
      this.#dispatch({ type: 'started', run, accepts });
    } catch (error) {
      const exitCode = isAppError(error) ? error.exitCode : undefined;
      this.#fail(run, error, exitCode === undefined ? {} : { exitCode });
    }
  }

  /** Calls a handler, and says how it went. */
  async #settle(run: number, call: () => Promise<unknown>): Promise<void> {
    try {
      await call();
      this.#dispatch({ type: 'succeeded', run });
    } catch (error) {
      this.#fail(run, error);
    }
  }

  #fail(run: number, error: unknown, more: { exitCode?: number; overran?: boolean } = {}): void {
    this.#failure = error;
    this.#dispatch({ type: 'failed', run, message: messageOf(error), ...more });
    this.#failure = undefined;
  }

  async #reload(): Promise<void> {
    const changed = await this.#runnable?.readConfig();
    await this.#handlers?.reload?.({ changed: changed ?? [] });
  }

  async #reclaim(request: ReclaimRequest): Promise<boolean> {
    const { log, reclaim } = this.#options;
    const handlers = this.#handlers;
    if (!reclaim && !handlers?.reclaim) return false;
    try {
      const done = reclaim ? await reclaim(request) : (await handlers?.reclaim?.(request), true);
      log.info({ ...request, done }, 'Reclaimed what can be spared');
      return done;
    } catch (error) {
      log.error({ error, ...request }, 'The reclaim of the service failed');
      return false;
    }
  }

  async #deliver(control: Control): Promise<void> {
    const handlers = this.#handlers?.control;
    if (control.type === 'custom') await handlers?.[control.code]?.();
    else if (control.type === 'session-change') {
      await handlers?.sessionChange?.({ event: control.event, sessionId: control.sessionId });
    } else if (control.type === 'power-event') await handlers?.powerEvent?.({ event: control.event });
  }

  async #dispose(run: number): Promise<void> {
    const { releases } = this.#options;
    const { failed, overran } = await releases.releaseAll(this.#model.limits.disposeTimeoutMs);
    if (failed.length + overran.length === 0) this.#dispatch({ type: 'succeeded', run });
    else {
      const names = [...failed, ...overran].map((name) => `"${name}"`).join(', ');
      this.#fail(run, new Error(`could not release ${names}`), { overran: overran.length > 0 });
    }
  }

  #report(status: LifecycleStatus): void {
    const { host, log, mask = (text) => text } = this.#options;
    const { text, exit } = status;
    try {
      host.report({
        ...status,
        text: mask(text),
        ...(exit && { exit: { ...exit, message: mask(exit.message) } }),
      });
    } catch (error) {
      log.error({ error, host: host.kind }, 'The host could not be told the state');
    }
  }

  #log({ level, message, error }: LifecycleEffect & { type: 'log' }): void {
    const { log } = this.#options;
    if (error === undefined) log[level](message);
    else log[level]({ error: this.#failure ?? error }, message);
  }

  async #leave(exit: Exit): Promise<void> {
    this.#deadlines.clearAll();
    const { host, log, clock } = this.#options;
    const { promise: late, resolve } = Promise.withResolvers<void>();
    const timer = clock.setTimer(detachTimeoutMs, resolve);
    try {
      await Promise.race([host.detach(), late]);
    } catch (error) {
      log.error({ error, host: host.kind }, 'The host could not be told the end');
    }
    timer.clear();
    this.#ended.resolve(exit);
  }
}
