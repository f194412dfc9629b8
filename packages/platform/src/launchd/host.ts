import { join } from 'node:path';
import {
  messageOf,
  type HostedService,
  type LifecycleStatus,
  type Logger,
  type ServiceHost,
} from '@mainstay/core';
import type { ControlServer } from '../control-socket/index.ts';
import { SignalHost } from '../process/signal-host.ts';

export interface LaunchdHostOptions {
  readonly log: Logger;
  /** @default process.env */
  readonly env?: Readonly<Record<string, string | undefined>>;
}

/**
 * A job of launchd's. launchd knows no readiness: a job is up when its process is, and is stopped by SIGTERM, then
 * SIGKILL after ExitTimeOut (launchd.plist(5)). Pause, resume and custom controls come through the control socket in
 * RUNTIME_DIRECTORY, which our plist sets. Written from launchd's documentation; it has never run on macOS.
 */
export function createLaunchdHost(options: LaunchdHostOptions): ServiceHost {
  return new LaunchdHost(options.log, (options.env ?? process.env)['RUNTIME_DIRECTORY'] || undefined);
}

class LaunchdHost implements ServiceHost {
  readonly kind = 'launchd';
  readonly sockets = [];
  readonly #log: Logger;
  readonly #runtimeDirectory: string | undefined;
  readonly #signals: SignalHost;
  #service: HostedService | undefined;
  #status: LifecycleStatus | undefined;
  #controlServer: Promise<ControlServer | undefined> | undefined;

  constructor(log: Logger, runtimeDirectory: string | undefined) {
    this.#log = log;
    this.#runtimeDirectory = runtimeDirectory;
    this.#signals = new SignalHost({ kind: 'container', log, hasHungUp: () => false });
  }

  async attach(service: HostedService): Promise<void> {
    this.#service = service;
    await this.#signals.attach(service);
  }

  report(status: LifecycleStatus): void {
    const before = this.#status;
    this.#status = status;
    this.#signals.report(status);
    if (status.state === 'running' && before?.state === 'start-pending') {
      this.#controlServer ??= this.#openControlServer();
    }
  }

  storeDescriptor(): boolean {
    return false;
  }

  async detach(): Promise<void> {
    await this.#signals.detach();
    const server = await this.#controlServer;
    await server?.close();
  }

  async #openControlServer(): Promise<ControlServer | undefined> {
    const directory = this.#runtimeDirectory;
    const service = this.#service;
    if (directory === undefined || !service) return undefined;
    try {
      const { controlSocketName, openControlServer } = await import('../control-socket/index.ts');
      const path = join(directory, controlSocketName);
      const status = (): LifecycleStatus => this.#status as LifecycleStatus;
      return await openControlServer({ path, service, status, log: this.#log });
    } catch (error) {
      this.#log.warn(
        { error: messageOf(error) },
        'No control socket: pause, resume and custom controls cannot be sent',
      );
      return undefined;
    }
  }
}
