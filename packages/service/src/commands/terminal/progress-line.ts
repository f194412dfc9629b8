import { formatDuration } from '@mainstay/core';

import type { TextStream } from './output.ts';
import { printable, truncate } from './text-width.ts';

const frames = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];
const asciiFrames = ['-', '\\', '|', '/'];
const frameMs = 100;

/**
 * Shows that something is under way: a spinner with the elapsed time on a terminal, and one line for each change
 * of the text elsewhere.
 */
export class ProgressLine {
  readonly #stream: TextStream;
  readonly #now: () => number;
  readonly #frames: readonly string[];
  readonly #started: number;
  #text = '';
  #frame = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(stream: TextStream, options: { readonly now: () => number; readonly unicode?: boolean }) {
    this.#stream = stream;
    this.#now = options.now;
    this.#frames = (options.unicode ?? true) ? frames : asciiFrames;
    this.#started = options.now();
  }

  update(text: string): void {
    const line = printable(text);
    if (line === this.#text) return;
    this.#text = line;
    if (!this.#stream.isTTY) {
      this.#stream.write(`${line}\n`);
      return;
    }
    this.#draw();
    this.#timer ??= setInterval(() => {
      this.#frame += 1;
      this.#draw();
    }, frameMs);
    this.#timer.unref();
  }

  /** Ends the line; what was shown on a terminal is removed. */
  end(): void {
    clearInterval(this.#timer);
    if (this.#stream.isTTY && this.#text !== '') this.#stream.write('\r\u001B[K');
    this.#text = '';
  }

  #draw(): void {
    const elapsed = formatDuration(Math.floor((this.#now() - this.#started) / 1000) * 1000);
    const spinner = this.#frames[this.#frame % this.#frames.length] ?? '';
    const rest = truncate(`${this.#text} (${elapsed === '0ms' ? '0s' : elapsed})`, this.#stream.columns - 3);
    this.#stream.write(`\r\u001B[K${this.#stream.style.cyan(spinner)} ${rest}`);
  }
}
