/** Cuts a stream of text into lines, and never holds more than one line of `maxLength` characters. */
export class LineSplitter {
  readonly #maxLength: number;
  #rest = '';

  constructor(maxLength: number) {
    this.#maxLength = maxLength;
  }

  /** @returns the lines that are complete now; undefined once a line is too long */
  push(chunk: string): string[] | undefined {
    const lines = (this.#rest + chunk).split('\n');
    this.#rest = lines.pop() ?? '';
    if (this.#rest.length > this.#maxLength || lines.some((line) => line.length > this.#maxLength)) {
      this.#rest = '';
      return undefined;
    }
    return lines;
  }
}
