import { closeSync, constants, openSync } from 'node:fs';

import type { Clock, Logger } from '@mainstay/core';

import type { OutputStream, RunOutput } from '../output/types.ts';
import type { RunId } from '../runner/types.ts';
import type { FifoStore } from './fifo-store.ts';
import { PipeReader } from './pipe-reader.ts';
import type { RunPipes } from './process-system.ts';

/**
 * How long a pipe that stays open without a word is waited for after the tree has ended, in milliseconds: something out
 * of our reach holds it.
 */
const silenceMs = 2000;
const streams = ['stdout', 'stderr'] as const;

interface End {
  readonly stream: OutputStream;
  readonly path: string;
  readonly readFd: number;
  readonly writeFd: number;
  reader: PipeReader | undefined;
}

/** Real pipes by name, where Node would make sockets: `/dev/stdout` can be opened, and a guardian can save the rest. */
export class PosixPipes implements RunPipes {
  readonly #ends: readonly End[];
  readonly #store: FifoStore;
  readonly #clock: Clock;
  readonly #log: Logger;

  constructor(
    store: FifoStore,
    id: RunId,
    options: {
      readonly clock: Clock;
      readonly log: Logger;
      readonly owner: { readonly uid: number; readonly gid: number } | undefined;
    },
  ) {
    this.#store = store;
    this.#clock = options.clock;
    this.#log = options.log.child({ ...id });
    const ends: End[] = [];
    try {
      for (const stream of streams) ends.push(open(store.take(id, stream, options.owner), stream));
    } catch (error) {
      for (const end of ends) close(end, store);
      throw error;
    }
    this.#ends = ends;
  }

  get stdio(): RunPipes['stdio'] {
    const [out, err] = this.#ends;
    return [out?.writeFd ?? 'pipe', err?.writeFd ?? 'pipe'];
  }

  attach(_child: unknown, output: RunOutput): void {
    for (const end of this.#ends) {
      closeSync(end.writeFd);
      end.reader = new PipeReader(end.readFd, (chunk) => output.write(end.stream, chunk));
    }
    output.onDrain = () => {
      for (const { reader } of this.#ends) reader?.resume();
    };
  }

  discard(): void {
    for (const end of this.#ends) close(end, this.#store);
  }

  async drained(): Promise<void> {
    await Promise.all(this.#ends.map((end) => this.#drain(end)));
  }

  async #drain({ reader, path, stream }: End): Promise<void> {
    if (!reader) return;
    let isClean = true;
    let before = -1;
    let isOver = false;
    const look = (): void => {
      if (isOver) return;
      if (!reader.isPaused && reader.bytes === before) {
        isClean = false;
        this.#log.warn({ stream }, 'Something that is not contained holds the output open; it is closed');
        return reader.destroy();
      }
      before = reader.bytes;
      timer = this.#clock.setTimer(silenceMs, look);
    };
    let timer = this.#clock.setTimer(silenceMs, look);
    await reader.ended;
    isOver = true;
    timer.clear();
    this.#store.giveBack(path, isClean);
  }
}

function open(path: string, stream: OutputStream): End {
  // First the end that does not wait for the other one (fifo(7)). Only the program's own end blocks.
  const readFd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    // For reading too: when this process dies the pipe has a reader still, so that the program waits in place of being ended
    // by SIGPIPE, and what is in the pipe lives until the guardian comes for it.
    return { stream, path, readFd, writeFd: openSync(path, constants.O_RDWR), reader: undefined };
  } catch (error) {
    closeSync(readFd);
    throw error;
  }
}

function close({ path, readFd, writeFd }: End, store: FifoStore): void {
  closeSync(writeFd);
  closeSync(readFd);
  store.giveBack(path, true);
}
