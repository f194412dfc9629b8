import { connect, type Socket } from 'node:net';
import type { Control, ControlAnswer, LifecycleStatus, ReclaimRequest } from '@mainstay/core';
import { platformErrors } from '../errors.ts';
import { LineSplitter } from './lines.ts';
import { parseResponse, type ControlHealth, type ControlRequest, type ControlResponse } from './protocol.ts';

/** Longest answer that is read, in characters; a status with a long text stays far below. */
const maxResponseLength = 1 << 16;
/** How long one answer may take, in milliseconds. */
const answerTimeoutMs = 5_000;

/** A connection to a running service's control socket. */
export class ControlClient {
  readonly #socket: Socket;
  readonly #path: string;
  readonly #pending = new Map<number, (response: ControlResponse | Error) => void>();
  readonly #timeoutMs: number;
  #nextId = 1;

  private constructor(socket: Socket, path: string, timeoutMs: number) {
    this.#socket = socket;
    this.#path = path;
    this.#timeoutMs = timeoutMs;
    const lines = new LineSplitter(maxResponseLength);
    socket.setEncoding('utf8').on('data', (chunk: string) => {
      const complete = lines.push(chunk);
      if (!complete) socket.destroy(new Error('the answer is too long'));
      for (const line of complete ?? []) this.#receive(line);
    });
    socket.on('error', (error) => this.#fail(error));
    socket.on('close', () => this.#fail(new Error('the service closed the connection')));
  }

  /** Throws CONTROL_SOCKET_FAILED, with `details.errno`: ENOENT or ECONNREFUSED when no service listens. */
  static async connect(path: string, { timeoutMs = answerTimeoutMs } = {}): Promise<ControlClient> {
    const socket = connect(path);
    await new Promise<void>((resolve, reject) => {
      socket.once('connect', resolve);
      socket.once('error', (error) => reject(failure(path, error)));
    });
    socket.removeAllListeners('error');
    return new ControlClient(socket, path, timeoutMs);
  }

  async control(control: Control): Promise<{ answer: ControlAnswer; status: LifecycleStatus }> {
    const { answer, status } = await this.#ask({ id: this.#nextId++, type: 'control', control });
    if (!answer || !status) throw failure(this.#path, new Error('the answer is incomplete'));
    return { answer, status };
  }

  async status(): Promise<LifecycleStatus> {
    const { status } = await this.#ask({ id: this.#nextId++, type: 'status' });
    if (!status) throw failure(this.#path, new Error('the answer is incomplete'));
    return status;
  }

  /** What the service says of itself; takes as long as its own checks do. */
  async probe(): Promise<ControlHealth> {
    const { health } = await this.#ask({ id: this.#nextId++, type: 'probe' });
    if (!health) throw failure(this.#path, new Error('the answer is incomplete'));
    return health;
  }

  /** Resolves when the service has given back what it can. @returns false when it has nothing that it could do */
  async reclaim(request: ReclaimRequest): Promise<boolean> {
    const { reclaimed } = await this.#ask({ id: this.#nextId++, type: 'reclaim', request });
    if (reclaimed === undefined) throw failure(this.#path, new Error('the answer is incomplete'));
    return reclaimed;
  }

  close(): void {
    this.#socket.destroy();
  }

  async #ask(request: ControlRequest): Promise<ControlResponse> {
    if (this.#socket.destroyed) throw failure(this.#path, new Error('the connection is closed'));
    const answered = new Promise<ControlResponse | Error>((resolve) => {
      this.#pending.set(request.id, resolve);
    });
    const timer = setTimeout(
      () => this.#fail(new Error(`no answer within ${this.#timeoutMs} ms; its event loop may be blocked`)),
      this.#timeoutMs,
    );
    this.#socket.write(`${JSON.stringify(request)}\n`);
    const response = await answered;
    clearTimeout(timer);
    if (response instanceof Error) throw failure(this.#path, response);
    if (response.error !== undefined) throw failure(this.#path, new Error(response.error));
    return response;
  }

  #receive(line: string): void {
    const response = parseResponse(line);
    if (!response) return this.#fail(new Error('the answer is not of the protocol'));
    if (response.error !== undefined && response.id === 0) return this.#fail(new Error(response.error));
    this.#pending.get(response.id)?.(response);
    this.#pending.delete(response.id);
  }

  #fail(error: Error): void {
    for (const resolve of this.#pending.values()) resolve(error);
    this.#pending.clear();
  }
}

function failure(path: string, error: Error): Error {
  return platformErrors.error(
    'CONTROL_SOCKET_FAILED',
    `The control socket ${path} cannot be used: ${error.message}`,
    { cause: error, details: { path, errno: (error as NodeJS.ErrnoException).code } },
  );
}
