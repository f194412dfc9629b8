import { openListeningSocket, type ListeningSocket } from '@mainstay/platform';

import type { ListenDeclaration } from '../manifest/types.ts';

/** First number of a passed descriptor in the program: SD_LISTEN_FDS_START (sd_listen_fds(3)). */
const firstDescriptor = 3;

/** One of our descriptors, in the order in which the program gets them from 3 on. */
export interface ProvidedDescriptor {
  readonly fd: number;
  /** For LISTEN_FDNAMES. */
  readonly name: string;
}

interface Opened {
  readonly declaration: ListenDeclaration;
  readonly socket: ListeningSocket;
}

/**
 * The sockets of `listen:`. Each is opened with the first run of its service, and stays open over its restarts: what
 * connects meanwhile waits.
 *
 * INVARIANT: a service has at most the sockets of its newest declaration, and none after its release.
 */
export class SocketProvider {
  readonly #open: typeof openListeningSocket;
  readonly #services = new Map<string, readonly Opened[]>();
  /** What is being opened: two instances that start at once wait for the same. */
  readonly #opening = new Map<string, Promise<unknown>>();

  constructor(options: { readonly open?: typeof openListeningSocket } = {}) {
    this.#open = options.open ?? openListeningSocket;
  }

  /**
   * Opens what is not open yet, and closes what is not declared any more. Throws SOCKET_PORT_IN_USE and the other errors
   * of `openListeningSocket`; nothing new is open then.
   */
  async descriptorsFor(declaration: {
    readonly name: string;
    readonly listen: readonly ListenDeclaration[];
  }): Promise<readonly ProvidedDescriptor[]> {
    const { name, listen } = declaration;
    // One after the other: each sees what the one before has opened.
    const before = this.#opening.get(name);
    const opened = this.#openAll(name, listen, before);
    const settled = opened.then(
      () => undefined,
      () => undefined,
    );
    this.#opening.set(name, settled);
    try {
      return (await opened).map((one) => ({ fd: one.socket.fd, name: one.declaration.name }));
    } finally {
      if (this.#opening.get(name) === settled) this.#opening.delete(name);
    }
  }

  /** For `SharedPorts`: another descriptor of the socket that the programs of a service know by this number. */
  duplicate(service: string, fd: number): number | undefined {
    return this.#services.get(service)?.[fd - firstDescriptor]?.socket.duplicate();
  }

  /** Closes the sockets of a service that is not to run any more. */
  release(service: string): void {
    for (const { socket } of this.#services.get(service) ?? []) socket.close();
    this.#services.delete(service);
  }

  close(): void {
    for (const service of this.#services.keys()) this.release(service);
  }

  async #openAll(
    service: string,
    listen: readonly ListenDeclaration[],
    before: Promise<unknown> | undefined,
  ): Promise<readonly Opened[]> {
    await before;
    const old = this.#services.get(service) ?? [];
    const kept = new Set<Opened>();
    const opened: Opened[] = [];
    try {
      for (const declaration of listen) {
        const existing = old.find((one) => isSame(one.declaration, declaration) && !kept.has(one));
        if (existing) kept.add(existing);
        opened.push(existing ?? { declaration, socket: await this.#open(declaration) });
      }
    } catch (error) {
      for (const one of opened) if (!kept.has(one)) one.socket.close();
      throw error;
    }
    for (const one of old) if (!kept.has(one)) one.socket.close();
    this.#services.set(service, opened);
    return opened;
  }
}

const isSame = (one: ListenDeclaration, other: ListenDeclaration): boolean =>
  one.name === other.name && one.host === other.host && one.port === other.port;
