import type { OutputStream, RunOutput } from '../../src/output/types.ts';

/** Keeps what a run writes; takes it in small portions when it is told to be slow. */
export class CollectedOutput implements RunOutput {
  onDrain: (() => void) | undefined;
  isEnded = false;
  /** Line feeds, by stream. */
  readonly lines = { stdout: 0, stderr: 0 };
  readonly #texts = { stdout: [] as string[], stderr: [] as string[] };
  readonly #slow: boolean;
  readonly #keeps: boolean;
  readonly #watchers = new Set<() => void>();

  constructor({ slow = false, keeps = true } = {}) {
    this.#slow = slow;
    this.#keeps = keeps;
  }

  write(stream: OutputStream, chunk: Uint8Array): boolean {
    if (this.isEnded) throw new Error('Written after the end');
    const text = Buffer.from(chunk).toString('latin1');
    for (const byte of chunk) if (byte === 0x0a) this.lines[stream] += 1;
    if (this.#keeps) this.#texts[stream].push(text);
    for (const look of this.#watchers) look();
    if (!this.#slow) return true;
    setImmediate(() => this.onDrain?.());
    return false;
  }

  async end(): Promise<void> {
    this.isEnded = true;
  }

  text(stream: OutputStream): string {
    return Buffer.from(this.#texts[stream].join(''), 'latin1').toString();
  }

  /** Resolves when it has been printed. */
  async printed(pattern: RegExp, stream: OutputStream = 'stdout'): Promise<RegExpExecArray> {
    return await new Promise((resolve) => {
      const look = (): void => {
        const match = pattern.exec(this.text(stream));
        if (!match) return;
        this.#watchers.delete(look);
        resolve(match);
      };
      this.#watchers.add(look);
      look();
    });
  }
}
