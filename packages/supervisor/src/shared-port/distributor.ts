import type { ChildProcess, SendHandle } from 'node:child_process';

import type { SharedHandle } from './handle.ts';

/** A connection that no process has taken yet, as a handle of libuv. */
interface Connection {
  close(): void;
}

/** How processes are talked to. */
export interface Channel {
  /** A number that no other message of ours has: answers carry it. */
  nextSequence(): number;
  send(child: ChildProcess, message: object, handle: SendHandle): void;
}

/** What a bound handle can do besides being sent. */
export interface AcceptingHandle extends SharedHandle {
  onconnection: (errno: number, connection: Connection | undefined) => void;
  listen(backlog: number): number;
  getsockname?(into: object): number;
}

/** Of connections that the kernel has taken for us; the same as node's servers ask for (net, `server.listen()`). */
const backlog = 511;
/** Connections that wait for a process; more are closed, as a full backlog would do. */
const maxWaiting = 1024;

/** True for TCP sockets, Unix sockets and pipes; a datagram socket has nothing to accept. */
export function canAccept(handle: SharedHandle): handle is AcceptingHandle {
  return 'listen' in handle;
}

/** On its way to a process, which has not said yet that it has it. */
interface Offer {
  readonly connection: Connection;
  readonly to: ChildProcess;
  /** Who has as many as it wants. */
  readonly refusedBy: ReadonlySet<ChildProcess>;
}

/**
 * Accepts the connections of one port, and hands them to the processes in turn (node:cluster's SCHED_RR). For Windows:
 * there a process that stops listening resets a connection that its pending AcceptEx has taken and that it has not seen
 * (libuv, src/win/tcp.c: the closing of a listening handle closes its accept sockets).
 *
 * INVARIANT: a connection is ours until a process has said that it took it; one that is refused, or whose process ends
 * before, goes to the next.
 */
export class Distributor {
  /** What a process is told about the socket. */
  readonly name: object = {};
  readonly #handle: AcceptingHandle;
  readonly #key: string;
  readonly #channel: Channel;
  readonly #processes: ChildProcess[] = [];
  readonly #waiting: Pick<Offer, 'connection' | 'refusedBy'>[] = [];
  readonly #offers = new Map<number, Offer>();

  constructor(handle: AcceptingHandle, key: string, channel: Channel) {
    this.#handle = handle;
    this.#key = key;
    this.#channel = channel;
  }

  /** @returns 0, or the errno of libuv, below zero */
  listen(): number {
    this.#handle.onconnection = (_errno, connection) => {
      if (connection) this.#give({ connection, refusedBy: new Set() });
    };
    const errno = this.#handle.listen(backlog);
    if (errno === 0) this.#handle.getsockname?.(this.name);
    return errno;
  }

  /** It has been told that the port is its own, and takes connections from the next message on. */
  add(child: ChildProcess): void {
    this.#processes.push(child);
    for (const each of this.#waiting.splice(0)) this.#give(each);
  }

  /** It takes no more; what it has not taken yet is another's. */
  remove(child: ChildProcess): void {
    const index = this.#processes.indexOf(child);
    if (index !== -1) this.#processes.splice(index, 1);
  }

  /** It has ended: what it was offered last goes to another. */
  leave(child: ChildProcess): void {
    this.remove(child);
    for (const [sequence, offer] of this.#offers) {
      if (offer.to !== child) continue;
      this.#offers.delete(sequence);
      this.#give(offer);
    }
  }

  /** What a process says to an offer; false: it was none of this port's. */
  answered(child: ChildProcess, sequence: number, accepted: boolean): boolean {
    const offer = this.#offers.get(sequence);
    if (offer?.to !== child) return false;
    this.#offers.delete(sequence);
    if (accepted) offer.connection.close();
    else this.#give({ ...offer, refusedBy: new Set([...offer.refusedBy, child]) });
    return true;
  }

  close(): void {
    for (const { connection } of [...this.#waiting.splice(0), ...this.#offers.values()]) connection.close();
    this.#offers.clear();
  }

  #give({ connection, refusedBy }: Pick<Offer, 'connection' | 'refusedBy'>): void {
    if (this.#processes.length === 0) {
      if (this.#waiting.length >= maxWaiting) connection.close();
      else this.#waiting.push({ connection, refusedBy: new Set() });
      return;
    }
    const to = this.#processes.find((child) => !refusedBy.has(child));
    // All have as many as they want (`server.maxConnections`).
    if (!to) return connection.close();
    this.remove(to);
    this.#processes.push(to);
    const sequence = this.#channel.nextSequence();
    this.#offers.set(sequence, { connection, to, refusedBy });
    const message = { act: 'newconn', key: this.#key, seq: sequence };
    // A channel that has just closed: its `leave` comes.
    this.#channel.send(to, message, connection as unknown as SendHandle);
  }
}
