import { join } from 'node:path';
import {
  messageOf,
  type Clock,
  type HostedService,
  type LifecycleStatus,
  type LivenessProbe,
  type Logger,
  type PassedDescriptor,
  type ServiceHost,
  type Timer,
} from '@mainstay/core';
import { systemClock } from '../clock/system-clock.ts';
import type { ControlServer } from '../control-socket/index.ts';
import { SignalHost } from '../process/signal-host.ts';
import { openDatagramSocket, type DatagramSocket } from './datagram-socket.ts';
import { takeSystemdEnvironment } from './environment.ts';
import { Notifier } from './notifier.ts';
import { notifyFields } from './notify-messages.ts';
import { Watchdog } from './watchdog.ts';

/** Wait for the last datagrams to be taken, in ms; systemd learns of the exit anyway. */
const flushTimeoutMs = 1_000;
/** A start that takes longer gets its control socket before it has ended, in ms; a quick one is not held up by it. */
const slowStartMs = 50;
/** Names of stored descriptors: ASCII, without control characters and colons, up to 255 (sd_notify(3), FDNAME). */
const descriptorName = /^[\x20-\x39\x3b-\x7e]{1,255}$/;

export interface SystemdHostOptions {
  readonly log: Logger;
  /** systemd's own variables are removed from it. @default process.env */
  readonly env?: Record<string, string | undefined>;
  readonly pid?: number;
  readonly clock?: Clock;
  /** @default a Unix datagram socket, by FFI */
  readonly openSocket?: (address: string) => DatagramSocket;
}

export interface SystemdHost extends ServiceHost {
  readonly kind: 'systemd';
  /** FDSTOREREMOVE of sd_notify(3): systemd closes its copies, and the next process is not passed them. */
  forgetDescriptor(name: string): boolean;
}

/** A service of Type=notify (or exec, simple) under systemd, by sd_notify(3) and sd_listen_fds(3). */
export function createSystemdHost(options: SystemdHostOptions): SystemdHost {
  const { log, env = process.env, pid = process.pid, clock = systemClock } = options;
  const openSocket = options.openSocket ?? openDatagramSocket;
  const given = takeSystemdEnvironment(env, pid);
  const { notifySocket, watchdogMs, runtimeDirectory } = given;
  const notifier =
    notifySocket === undefined
      ? undefined
      : new Notifier({ open: () => openSocket(notifySocket), clock, log });
  return new Host(given.descriptors, notifier, { log, clock, watchdogMs, runtimeDirectory });
}

interface HostParts {
  readonly log: Logger;
  readonly clock: Clock;
  readonly watchdogMs: number | undefined;
  readonly runtimeDirectory: string | undefined;
}

class Host implements SystemdHost {
  readonly kind = 'systemd';
  readonly sockets: readonly PassedDescriptor[];
  readonly #notifier: Notifier | undefined;
  readonly #parts: HostParts;
  #service: HostedService | undefined;
  #status: LifecycleStatus | undefined;
  /** Whether systemd has been told anything yet. */
  #isTold = false;
  #watchdog: Watchdog | undefined;
  #slowStart: Timer | undefined;
  #controlServer: Promise<ControlServer | undefined> | undefined;
  readonly #signals: SignalHost;

  constructor(sockets: readonly PassedDescriptor[], notifier: Notifier | undefined, parts: HostParts) {
    this.sockets = sockets;
    this.#notifier = notifier;
    this.#parts = parts;
    // SIGTERM, SIGINT and SIGHUP as everywhere; systemd has no terminal that could hang up.
    this.#signals = new SignalHost({ kind: 'container', log: parts.log, hasHungUp: () => false });
  }

  async attach(service: HostedService, liveness: LivenessProbe): Promise<void> {
    this.#service = service;
    await this.#signals.attach(service);
    const { clock, log, watchdogMs } = this.#parts;
    if (!this.#notifier || watchdogMs === undefined) return;
    this.#watchdog = new Watchdog({ periodMs: watchdogMs, notifier: this.#notifier, liveness, clock, log });
  }

  report(status: LifecycleStatus): void {
    const before = this.#status;
    this.#status = status;
    this.#signals.report(status);
    // Loading the FFI library takes milliseconds: while the service itself waits for something they cost nothing.
    if (status.state === 'start-pending' && before === undefined) {
      setImmediate(() => this.#firstReport());
      const openEarly = (): void => void (this.#controlServer ??= this.#openControlServer());
      this.#slowStart = this.#parts.clock.setTimer(slowStartMs, openEarly);
      return;
    }
    if (status.state !== 'start-pending') this.#slowStart?.clear();
    this.#send(before, status);
    if (status.state === 'running' && before?.state === 'start-pending') {
      this.#watchdog?.start();
      this.#controlServer ??= this.#openControlServer();
    }
  }

  storeDescriptor(name: string, fd: number): boolean {
    if (!descriptorName.test(name)) {
      this.#parts.log.warn({ name }, 'Descriptor is not stored: systemd does not take its name');
      return false;
    }
    return this.#notifier?.notify({ FDSTORE: '1', FDNAME: name }, fd) ?? false;
  }

  forgetDescriptor(name: string): boolean {
    if (!descriptorName.test(name)) return false;
    return this.#notifier?.notify({ FDSTOREREMOVE: '1', FDNAME: name }) ?? false;
  }

  async detach(): Promise<void> {
    await this.#signals.detach();
    this.#watchdog?.stop();
    this.#slowStart?.clear();
    const server = await this.#controlServer;
    await Promise.all([server?.close(), this.#notifier?.flush(flushTimeoutMs)]);
    this.#notifier?.close();
  }

  /** What has been reported while the start was on its way. */
  #firstReport(): void {
    if (this.#isTold) return;
    const status = this.#status;
    if (status) this.#send(undefined, status);
  }

  #send(before: LifecycleStatus | undefined, status: LifecycleStatus): void {
    const isFirst = !this.#isTold;
    this.#isTold = true;
    const fields = notifyFields(before, status, monotonicUsec, isFirst);
    if (fields) this.#notifier?.notify(fields);
  }

  /** Loaded only now: a quick start should not wait for what nobody has asked for yet. */
  async #openControlServer(): Promise<ControlServer | undefined> {
    const { runtimeDirectory, log } = this.#parts;
    const service = this.#service;
    if (runtimeDirectory === undefined || !service) return undefined;
    try {
      const { controlSocketName, openControlServer } = await import('../control-socket/index.ts');
      const path = join(runtimeDirectory, controlSocketName);
      const status = (): LifecycleStatus => this.#status as LifecycleStatus;
      return await openControlServer({ path, service, status, log });
    } catch (error) {
      log.warn(
        { error: messageOf(error) },
        'No control socket: pause, resume and custom controls cannot be sent',
      );
      return undefined;
    }
  }
}

/** CLOCK_MONOTONIC in microseconds, as RELOADING=1 needs it; on Linux that is Node's own clock. */
function monotonicUsec(): bigint {
  return process.hrtime.bigint() / 1000n;
}
