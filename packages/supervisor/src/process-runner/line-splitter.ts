import { StringDecoder } from 'node:string_decoder';

/** Longer lines are cut into several, in UTF-16 units, so that a program without line feeds cannot fill the memory. */
const maxLineLength = 64 * 1024;

/** Makes lines of chunks; a character or a line may be spread over several. */
export class LineSplitter {
  readonly #decoder = new StringDecoder('utf8');
  readonly #onLine: (line: string) => void;
  #rest = '';

  constructor(onLine: (line: string) => void) {
    this.#onLine = onLine;
  }

  write(chunk: Buffer): void {
    this.#take(this.#decoder.write(chunk));
  }

  /** Hands out what has no line feed after it. */
  end(): void {
    this.#take(this.#decoder.end());
    if (this.#rest !== '') this.#onLine(this.#rest);
    this.#rest = '';
  }

  #take(text: string): void {
    const lines = (this.#rest + text).split('\n');
    this.#rest = lines.pop() ?? '';
    for (const line of lines) this.#emit(line.endsWith('\r') ? line.slice(0, -1) : line);
    while (this.#rest.length >= maxLineLength) {
      this.#onLine(this.#rest.slice(0, maxLineLength));
      this.#rest = this.#rest.slice(maxLineLength);
    }
  }

  #emit(line: string): void {
    for (let at = 0; at === 0 || at < line.length; at += maxLineLength)
      this.#onLine(line.slice(at, at + maxLineLength));
  }
}
