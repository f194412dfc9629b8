import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/** A connection that has been idle for so many milliseconds when the stop begins is closed at once. */
const longIdleMs = 2_000;
/** How often a stop looks after its connections, in milliseconds. */
const sweepMs = 25;
/**
 * Another may have its next request on the wire, and gets so many sweeps to bring it: longer than a slow client thinks
 * between two requests of a burst, short against any stop. Sweeps and not milliseconds, because on a busy machine time
 * goes by in which neither we nor the client ran.
 */
const settledSweeps = 10;

interface Connection {
  /** Requests that are not answered yet. */
  readonly answering: Set<ServerResponse>;
  /** Monotonic; when it was opened, or its last answer ended. */
  idleSince: number;
  /** Sweeps of the stop that found it idle, one after the other. */
  idleSweeps: number;
  /** Bytes that belong to finished requests: more have come when a request has begun to arrive. */
  consumed: number;
  upgraded: boolean;
}

/**
 * Knows each connection of a server and what it is doing, so that a stop loses no request.
 *
 * INVARIANT: while draining, a connection is closed by us only when it has no request that arrived in part or whole, and
 * has been idle for a moment; every answer that begins carries `Connection: close` (RFC 9112, 9.6).
 */
export class Connections {
  readonly #connections = new Map<Socket, Connection>();
  readonly #monotonic: () => number;
  #draining = false;
  #onEmpty: (() => void) | undefined;

  constructor(server: Server, monotonic: () => number = () => performance.now()) {
    this.#monotonic = monotonic;
    server.on('connection', (socket: Socket) => this.#opened(socket));
  }

  get size(): number {
    return this.#connections.size;
  }

  /** Notes a request; call it before it is handled. */
  began(request: IncomingMessage, response: ServerResponse): void {
    const { socket } = request;
    const connection = this.#connections.get(socket);
    if (!connection) return;
    connection.answering.add(response);
    if (this.#draining) response.setHeader('connection', 'close');
    response.once('close', () => this.#answered(socket, connection, response));
  }

  /** The socket speaks another protocol from here on. */
  upgraded(request: IncomingMessage): void {
    const connection = this.#connections.get(request.socket);
    if (connection) connection.upgraded = true;
  }

  /** Resolves when every connection has ended. @returns how many had to be cut off */
  async drain(deadlineMs: number): Promise<number> {
    this.#draining = true;
    const begin = this.#monotonic();
    const deadline = begin + deadlineMs;
    for (const connection of this.#connections.values()) {
      for (const response of connection.answering) {
        if (!response.headersSent) response.setHeader('connection', 'close');
      }
    }
    const empty = Promise.withResolvers<void>();
    this.#onEmpty = empty.resolve;
    let cutOff = 0;
    const closeIdleOrAll = (): void => {
      this.#closeIdle(begin);
      if (this.#monotonic() < deadline) return;
      for (const [socket, connection] of this.#connections) {
        if (this.#isBusy(socket, connection)) cutOff += 1;
        socket.destroy();
      }
    };
    // Immediates run right after the sockets were read, timers right before: on a busy machine a request can have come
    // in while the loop was held up, and only reading tells.
    const sweep = setInterval(() => setImmediate(closeIdleOrAll), sweepMs);
    if (this.size === 0) empty.resolve();
    else setImmediate(closeIdleOrAll);
    await empty.promise;
    clearInterval(sweep);
    return cutOff;
  }

  /** Ends everything at once: after a crash, or a start that failed. */
  destroy(): void {
    for (const socket of this.#connections.keys()) socket.destroy();
  }

  #opened(socket: Socket): void {
    const connection: Connection = {
      answering: new Set(),
      idleSince: this.#monotonic(),
      idleSweeps: 0,
      consumed: 0,
      upgraded: false,
    };
    this.#connections.set(socket, connection);
    socket.once('close', () => {
      this.#connections.delete(socket);
      if (this.size === 0) this.#onEmpty?.();
    });
  }

  #answered(socket: Socket, connection: Connection, response: ServerResponse): void {
    connection.answering.delete(response);
    connection.idleSince = this.#monotonic();
    connection.idleSweeps = 0;
    connection.consumed = socket.bytesRead;
  }

  #isBusy(socket: Socket, connection: Connection): boolean {
    return connection.upgraded || connection.answering.size > 0 || socket.bytesRead > connection.consumed;
  }

  #closeIdle(begin: number): void {
    for (const [socket, connection] of this.#connections) {
      if (this.#isBusy(socket, connection)) continue;
      connection.idleSweeps += 1;
      if (connection.idleSweeps > settledSweeps || begin - connection.idleSince >= longIdleMs)
        socket.destroySoon();
    }
  }
}
