import { Socket } from 'node:net';

/** One for all pipes: each reading is handed on before the next. As large as a pipe (pipe(7)). */
const buffer = Buffer.allocUnsafe(64 * 1024);

/** Reads a pipe to its end, as fast as `onChunk` takes it: what returns false stops the reading until `resume`. */
export class PipeReader {
  readonly ended: Promise<void>;
  readonly #socket: Socket;
  #isPaused = false;
  #bytes = 0;

  /** Owns the descriptor from here on. */
  constructor(fd: number, onChunk: (chunk: Uint8Array) => boolean) {
    this.#socket = new Socket({
      fd,
      readable: true,
      writable: false,
      onread: {
        buffer,
        callback: (length) => {
          this.#bytes += length;
          this.#isPaused = !onChunk(buffer.subarray(0, length));
          return !this.#isPaused;
        },
      },
    });
    this.ended = new Promise((resolve) => {
      // A pipe that cannot be read has nothing more to give.
      this.#socket.on('error', () => this.#socket.destroy());
      this.#socket.once('close', () => resolve());
    });
  }

  get isPaused(): boolean {
    return this.#isPaused;
  }

  /** Read up to now. */
  get bytes(): number {
    return this.#bytes;
  }

  resume(): void {
    if (!this.#isPaused) return;
    this.#isPaused = false;
    this.#socket.resume();
  }

  /** Gives up on the rest. */
  destroy(): void {
    this.#socket.destroy();
  }
}
