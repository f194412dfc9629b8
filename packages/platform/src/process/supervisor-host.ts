import {
  passedSocketsVariable,
  readPassedSockets,
  readStartArguments,
  readSupervisorMessage,
  startArgumentsVariable,
  type HostedService,
  type LifecycleStatus,
  type Logger,
  type PassedDescriptor,
  type ReclaimRequest,
  type ServiceHost,
  type SupervisedMessage,
} from '@mainstay/core';
import { takeListenDescriptors } from './listen-descriptors.ts';

/** The child's end of a Node IPC channel. */
export interface IpcChannel {
  /** False once the parent is gone. */
  readonly connected: boolean;
  send(message: unknown, callback: (error: Error | null) => void): unknown;
  on(event: string, listener: (message: unknown) => void): unknown;
  off(event: string, listener: (message: unknown) => void): unknown;
}

const processChannel: IpcChannel = {
  get connected() {
    return process.connected;
  },
  send: (message, callback) => process.send?.(message, undefined, undefined, callback),
  on: (event, listener) => process.on(event, listener),
  off: (event, listener) => process.off(event, listener),
};

export interface SupervisorHostOptions {
  readonly log: Logger;
  /** @default process */
  readonly channel?: IpcChannel;
  /** What is for this process alone is removed from it. @default process.env */
  readonly env?: Record<string, string | undefined>;
}

/**
 * The child of a Mainstay supervisor. Ctrl-C reaches every process of a terminal's group; here the parent decides what
 * becomes of it, so SIGINT and SIGHUP are left to the parent. SIGTERM stops, in case somebody sends it to us alone.
 */
export class SupervisorHost implements ServiceHost {
  readonly kind = 'supervisor';
  /** Those that the agent passed (`listen:`); of an instance those that its primary was passed. */
  readonly sockets: readonly PassedDescriptor[];
  /** Of an instance: those of its primary's start. */
  readonly startArguments: readonly string[];
  readonly #log: Logger;
  readonly #channel: IpcChannel;
  readonly #listeners: Array<readonly [string, (message: unknown) => void]> = [];
  readonly #unsent = new Set<Promise<void>>();

  constructor({ log, channel = processChannel, env = process.env }: SupervisorHostOptions) {
    this.#log = log;
    this.#channel = channel;
    this.sockets = [...takeListenDescriptors(env), ...readPassedSockets(env[passedSocketsVariable])];
    this.startArguments = readStartArguments(env[startArgumentsVariable]);
    for (const name of [passedSocketsVariable, startArgumentsVariable, 'MAINSTAY_HOST']) delete env[name];
  }

  async attach(service: HostedService): Promise<void> {
    this.#listen('message', (message) => this.#receive(message, service));
    this.#listen('disconnect', () => service.control({ type: 'stop', reason: 'disconnect' }));
    this.#listen('SIGTERM', () => service.control({ type: 'stop', reason: 'stop' }));
    this.#listen('SIGINT', () => {});
    if (process.platform !== 'win32') this.#listen('SIGHUP', () => {});
    // The parent may have died before we listened.
    if (!this.#channel.connected) service.control({ type: 'stop', reason: 'disconnect' });
  }

  report(status: LifecycleStatus): void {
    this.#send({ type: 'status', status });
  }

  storeDescriptor(): boolean {
    return false;
  }

  async detach(): Promise<void> {
    await Promise.all(this.#unsent);
    for (const [event, listener] of this.#listeners) this.#channel.off(event, listener);
    this.#listeners.length = 0;
  }

  #receive(raw: unknown, service: HostedService): void {
    const message = readSupervisorMessage(raw);
    if (message?.type === 'control') {
      this.#send({ type: 'answer', id: message.id, answer: service.control(message.control) });
    } else if (message?.type === 'probe') void this.#probe(message.id, service);
    else if (message?.type === 'reclaim') void this.#reclaim(message.id, message.request, service);
  }

  async #probe(id: number, service: HostedService): Promise<void> {
    try {
      const probed = await service.probe?.();
      if (probed) this.#send({ type: 'health', id, ...probed });
    } catch (error) {
      this.#log.error({ error }, 'A probe of the supervisor failed');
    }
  }

  async #reclaim(id: number, request: ReclaimRequest, service: HostedService): Promise<void> {
    try {
      this.#send({ type: 'reclaimed', id, done: (await service.reclaim?.(request)) ?? false });
    } catch (error) {
      this.#log.error({ error }, 'A reclaim of the supervisor failed');
    }
  }

  #send(message: SupervisedMessage): void {
    if (!this.#channel.connected) return;
    const sent = new Promise<void>((resolve) => {
      // A parent that is gone is noticed by `disconnect`; there is nobody left to tell.
      this.#channel.send(message, () => resolve());
    });
    this.#unsent.add(sent);
    void sent.then(() => this.#unsent.delete(sent));
  }

  #listen(event: string, listener: (message: unknown) => void): void {
    this.#channel.on(event, listener);
    this.#listeners.push([event, listener]);
  }
}
