import { createServer, type AddressInfo, type Socket } from 'node:net';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { AppError, type ServiceInfo } from '@mainstay/core';
import type { Wine } from '../wine.ts';
import { windowsExecutable } from '../executables.ts';
import type { DriverResponse } from './protocol.ts';

interface Call {
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: Error) => void;
  readonly onProgress: ((info: ServiceInfo) => void) | undefined;
}

/** Calls functions in a process under Wine; see `driver-service.ts` for what there is. */
export class WineDriver implements AsyncDisposable {
  readonly #socket: Socket;
  readonly #exit: Promise<unknown>;
  readonly #calls = new Map<number, Call>();
  #next = 1;

  private constructor(socket: Socket, exit: Promise<unknown>) {
    this.#socket = socket;
    this.#exit = exit;
    createInterface(socket).on('line', (line) => this.#answer(JSON.parse(line) as DriverResponse));
    socket.on('close', () => {
      for (const { reject } of this.#calls.values()) reject(new Error('The driver under Wine is gone'));
    });
  }

  static async start(wine: Wine, program = windowsExecutable('driver')): Promise<WineDriver> {
    const executable = await program;
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const exit = wine.run(executable, ['run'], {
      env: { WINE_DRIVER_PORT: String(port) },
      timeout: 30 * 60_000,
    });
    const ended = exit.then((result) => {
      throw new Error(
        `The driver ended with ${result.code} before it connected: ${result.stdout}${result.stderr}`,
      );
    });
    ended.catch(() => undefined);
    try {
      const [socket] = (await Promise.race([once(server, 'connection'), ended])) as [Socket];
      return new WineDriver(socket, exit);
    } finally {
      server.close();
    }
  }

  call<Result>(
    method: string,
    params: readonly unknown[],
    onProgress?: (info: ServiceInfo) => void,
  ): Promise<Result> {
    const id = this.#next++;
    return new Promise((resolve, reject) => {
      this.#calls.set(id, { resolve: resolve as (result: unknown) => void, reject, onProgress });
      this.#socket.write(`${JSON.stringify({ id, method, params })}\n`);
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#socket.destroy();
    await this.#exit.catch(() => undefined);
  }

  #answer(message: DriverResponse): void {
    const call = this.#calls.get(message.id);
    if (!call) return;
    if ('progress' in message) return call.onProgress?.(message.progress);
    this.#calls.delete(message.id);
    if ('result' in message) return call.resolve(message.result);
    const { code, message: text, details } = message.error;
    call.reject(code === undefined ? new Error(text) : new AppError(code, text, { details }));
  }
}
