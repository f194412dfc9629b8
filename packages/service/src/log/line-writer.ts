import { constants, fstatSync, openSync, writeSync } from 'node:fs';

/** Lines that wait for a reader that does not read are kept up to here, in UTF-16 units; then new ones are dropped. */
const maxWaiting = 8 * 1024 * 1024;
/** A turn that writes more than this does not keep it until its end. */
const batchLength = 64 * 1024;
/** How long a flush at the very end waits for a reader that does not read, in milliseconds. */
const finalWaitMs = 500;
/** How soon a full pipe is tried again, in milliseconds. */
const retryMs = 20;

/**
 * Writes lines to a descriptor, in order, without ever throwing or waiting for the reader.
 *
 * Lines of one turn of the event loop are written together at its end; `flushSync` writes what is left, before the
 * process leaves. A pipe whose reader has stopped reading makes a service neither hang nor grow: lines wait in a bounded
 * buffer, then they are dropped and counted.
 */
export class LineWriter {
  #fd: number;
  #waiting: string[] = [];
  #waitingLength = 0;
  /** Bytes of a line of which a part has been written already. */
  #rest: Buffer | undefined;
  #scheduled = false;
  #closed = false;
  #dropped = 0;
  readonly #onDropped: (count: number) => string;

  constructor(options: { readonly fd: number; readonly onDropped: (count: number) => string }) {
    this.#fd = nonBlocking(options.fd);
    this.#onDropped = options.onDropped;
  }

  /** From here on, also what waits, goes to another descriptor. */
  writeTo(fd: number): void {
    this.#fd = fd;
  }

  /** @param line with its line feed */
  write(line: string): void {
    if (this.#closed) return;
    if (this.#waitingLength > batchLength && !this.#rest) this.#drain();
    if (this.#waitingLength + line.length > maxWaiting) {
      this.#dropped += 1;
      return;
    }
    this.#waiting.push(line);
    this.#waitingLength += line.length;
    if (!this.#scheduled) {
      this.#scheduled = true;
      setImmediate(this.#turn);
    }
  }

  /** Writes everything that waits, as far as the reader takes it in time. */
  flushSync(): void {
    const deadline = performance.now() + finalWaitMs;
    while (!this.#drain() && performance.now() < deadline) sleepSync(5);
  }

  readonly #turn = (): void => {
    this.#scheduled = false;
    if (this.#drain()) return;
    this.#scheduled = true;
    // The flush at the exit has the last word; a reader that sleeps must not keep the process.
    setTimeout(this.#turn, retryMs).unref();
  };

  /** @returns false when the reader takes no more now */
  #drain(): boolean {
    while (!this.#closed) {
      if (!this.#rest && !this.#fill()) return true;
      const outcome = this.#writeRest();
      if (outcome === 'full') return false;
      if (outcome === 'broken') this.#closed = true;
    }
    return true;
  }

  /** Moves what waits into bytes. @returns false when there is nothing */
  #fill(): boolean {
    if (this.#waiting.length === 0) {
      if (this.#dropped === 0) return false;
      this.#waiting.push(this.#onDropped(this.#dropped));
      this.#dropped = 0;
    }
    this.#rest = Buffer.from(this.#waiting.join(''));
    this.#waiting = [];
    this.#waitingLength = 0;
    return true;
  }

  #writeRest(): 'written' | 'full' | 'broken' {
    const bytes = this.#rest;
    if (!bytes) return 'written';
    try {
      const written = writeSync(this.#fd, bytes);
      this.#rest = written < bytes.length ? bytes.subarray(written) : undefined;
      return 'written';
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'EAGAIN') return 'full';
      if (code === 'EINTR') return 'written';
      // A disk may have room again later; a reader that has gone (EPIPE, EBADF) does not come back.
      if (code === 'ENOSPC' || code === 'EDQUOT') {
        this.#rest = undefined;
        return 'full';
      }
      return 'broken';
    }
  }
}

/**
 * Makes standard output not block where it is a socket, as it is below systemd and below a Node parent: `process.stdout`
 * does that when it is made (libuv: uv_pipe_open), and takes 3–5 ms, so it is for after the start. Until then a reader
 * that does not read holds up who writes more than the socket's buffer, about 200 KiB.
 */
export function unblockSocket(fd: number): void {
  try {
    if (fd === 1 && fstatSync(fd).isSocket()) void process.stdout.fd;
  } catch {
    // A Windows service has no standard output.
  }
}

/**
 * A descriptor of our own for the same pipe that does not block. O_NONBLOCK on the inherited one would be seen by every
 * process that shares it; Linux opens a second description of a pipe through /proc (proc(5), /proc/pid/fd). Sockets
 * cannot be opened so, and a regular file must not be: its offset would no longer be shared with standard error.
 */
function nonBlocking(fd: number): number {
  if (process.platform !== 'linux') return fd;
  try {
    if (!fstatSync(fd).isFIFO()) return fd;
    return openSync(`/proc/self/fd/${fd}`, constants.O_WRONLY | constants.O_NONBLOCK);
  } catch {
    return fd;
  }
}

function sleepSync(milliseconds: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);
}
