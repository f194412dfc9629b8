import type { ServerResponse } from 'node:http';

/** Lines are gathered up to this size, or until the reader has to wait for more, in characters. */
const batchLength = 16_384;

/**
 * Sends one JSON document a line (NDJSON), as fast as the other side reads and no faster: the next line is taken from
 * `lines` only when the ones before are on their way. Ends with the lines, or when the other side has gone.
 */
export async function sendJsonLines(response: ServerResponse, lines: AsyncIterable<unknown>): Promise<void> {
  response.writeHead(200, { 'content-type': 'application/x-ndjson', 'cache-control': 'no-store' });
  response.flushHeaders();
  const batch = new Batch(response);
  try {
    for await (const line of lines) {
      if (response.destroyed) return;
      batch.add(`${JSON.stringify(line)}\n`);
      if (batch.isFull) await batch.send();
    }
    await batch.send();
    response.end();
  } finally {
    batch.cancel();
  }
}

class Batch {
  readonly #response: ServerResponse;
  #text = '';
  #due: NodeJS.Immediate | undefined;

  constructor(response: ServerResponse) {
    this.#response = response;
  }

  get isFull(): boolean {
    return this.#text.length >= batchLength || this.#response.writableNeedDrain;
  }

  add(line: string): void {
    this.#text += line;
    // What is there goes out when the source has nothing more to give in this turn.
    this.#due ??= setImmediate(() => {
      this.#due = undefined;
      this.#write();
    });
  }

  /** Resolves when the other side can take more, or has gone. */
  async send(): Promise<void> {
    this.cancel();
    if (this.#write()) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#response.once('drain', resolve).once('close', resolve);
    if (!this.#response.destroyed) await promise;
    this.#response.off('drain', resolve).off('close', resolve);
  }

  cancel(): void {
    clearImmediate(this.#due);
    this.#due = undefined;
  }

  #write(): boolean {
    const text = this.#text;
    this.#text = '';
    if (this.#response.destroyed) return true;
    if (text === '') return !this.#response.writableNeedDrain;
    return this.#response.write(text);
  }
}
