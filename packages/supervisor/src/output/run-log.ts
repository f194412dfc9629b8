import type { LogRules } from '../manifest/types.ts';
import type { InstanceLog } from './instance-log.ts';
import { frame, headerOf } from './line-format.ts';
import type { OutputStream, RunOutput } from './types.ts';

export interface RunLogOptions {
  readonly log: InstanceLog;
  readonly run: number;
  readonly rules: LogRules;
  /** The wall time now, as it is written. */
  readonly stamp: () => string;
  /** Gets what is written, as it is on disk. */
  readonly onText: (text: string) => void;
  readonly onBlocked: (run: RunLog) => void;
  readonly onEnd: (run: RunLog) => void;
}

const lineFeed = 0x0a;

/** One run's way into the log of its instance. */
export class RunLog implements RunOutput {
  onDrain: (() => void) | undefined;
  readonly log: InstanceLog;
  readonly #options: RunLogOptions;
  readonly #tag: string;
  /** Whether the last line of the stream has not ended. */
  readonly #open: Record<OutputStream, boolean> = { stdout: false, stderr: false };
  #ended: Promise<void> | undefined;

  constructor(options: RunLogOptions) {
    this.log = options.log;
    this.#options = options;
    this.#tag = `${this.log.service}/${this.log.instance}#${options.run}`;
    this.log.rules = options.rules;
    this.log.runs++;
  }

  write(stream: OutputStream, chunk: Uint8Array): boolean {
    if (chunk.length === 0 || this.#ended) return true;
    const bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    // A file may only be rotated between lines, and a fast program's chunks hardly ever begin there: its first line
    // is ended by itself then.
    const first =
      this.#open[stream] && this.log.openLines === 1 && this.log.mayRotate ? bytes.indexOf(lineFeed) + 1 : 0;
    if (first > 0) this.#append(stream, bytes.subarray(0, first));
    if (first < bytes.length) this.#append(stream, bytes.subarray(first));
    if (this.log.isWritable) return true;
    this.#options.onBlocked(this);
    return false;
  }

  end(): Promise<void> {
    this.#ended ??= this.#end();
    return this.#ended;
  }

  async #end(): Promise<void> {
    for (const stream of ['stdout', 'stderr'] as const)
      if (this.#open[stream]) this.#append(stream, Buffer.of(lineFeed));
    this.log.runs--;
    await this.log.settled();
    if (this.log.runs === 0) this.log.close();
    this.#options.onEnd(this);
  }

  #append(stream: OutputStream, bytes: Buffer): void {
    const { stamp, onText } = this.#options;
    const time = stamp();
    const framed = frame(
      bytes,
      headerOf(time, stream, 'F', this.#tag),
      headerOf(time, stream, 'P', this.#tag),
    );
    const clean = this.log.openLines === 0;
    this.log.openLines += Number(framed.open) - Number(this.#open[stream]);
    this.#open[stream] = framed.open;
    this.log.append(framed.text, framed.lines, clean);
    onText(framed.text);
  }
}
