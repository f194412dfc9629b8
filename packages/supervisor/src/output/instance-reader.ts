import { promisify } from 'node:util';

import type { InstanceLog } from './instance-log.ts';
import { LineJoiner } from './line-joiner.ts';
import { countLines, lastLinesOf, segmentTexts } from './segment-reader.ts';
import type { Segment } from './segments.ts';
import type { LogLine } from './types.ts';

const turn = promisify(setImmediate);

/** Lines that are read more than were asked for: those at the edge may be pieces of one that began before. */
const spareLines = 8;

/**
 * A place in the log of one instance, which moves forward.
 *
 * INVARIANT: everything before `#offset` of `#segment`, and in the files before it, has been read or is not wanted.
 */
export class InstanceReader {
  readonly #log: InstanceLog;
  readonly #joiner = new LineJoiner();
  #segment: Segment;
  #offset: number;
  #texts: ReturnType<typeof segmentTexts> | undefined;
  /** How many lines follow its place, when there may be no more than were asked for; else Infinity. */
  readonly linesAhead: number;

  private constructor(log: InstanceLog, segment: Segment, offset: number, linesAhead = Infinity) {
    this.#log = log;
    this.#segment = segment;
    this.#offset = offset;
    this.linesAhead = linesAhead;
  }

  static fromStart(log: InstanceLog): InstanceReader {
    return new InstanceReader(log, log.rotated[0] ?? log.current, 0);
  }

  /** At a place from where at least the last `lines` follow, and everything since `since`. */
  static async open(
    log: InstanceLog,
    { lines, since }: { readonly lines: number; readonly since: number },
  ): Promise<InstanceReader> {
    const segments = [...log.rotated, log.current];
    const oldest = segments.findIndex((segment) => segment.number === 0 || segment.lastTime >= since);
    let wanted = lines + spareLines;
    if (wanted === Infinity) return new InstanceReader(log, segments[oldest] as Segment, 0);
    for (let index = segments.length - 1; index >= oldest; index--) {
      const segment = segments[index] as Segment;
      const found = segment.compressed
        ? { offset: 0, lines: await countLines(log, segment) }
        : lastLinesOf(log, segment, wanted);
      wanted -= found.lines;
      if (wanted <= 0) return new InstanceReader(log, segment, found.offset);
    }
    return new InstanceReader(log, segments[oldest] as Segment, 0, lines + spareLines - wanted);
  }

  /** Everything up to now. Lines that have not ended are handed out too, but for those of runs that go on. */
  async *past(isActive: (run: number) => boolean): AsyncGenerator<readonly LogLine[]> {
    for (let batch = await this.next(); batch.length > 0; batch = await this.next()) yield batch;
    const rest: LogLine[] = [];
    this.#joiner.flush(
      (line) => rest.push(line),
      ({ run }) => !isActive(run),
    );
    if (rest.length > 0) yield rest;
  }

  /** The next lines; none when there are no more for now. */
  async next(): Promise<LogLine[]> {
    const lines: LogLine[] = [];
    for (;;) {
      this.#texts ??= segmentTexts(this.#log, this.#segment, this.#offset);
      const { done, value } = await this.#texts.next();
      if (!done) {
        this.#offset += value.length;
        this.#joiner.take(value, (line) => lines.push(line));
        // Files are read by plain calls: whatever else there is to do has its turn after each block.
        await turn();
        if (lines.length > 0) return lines;
        continue;
      }
      this.#texts = undefined;
      // It may have been written, and even rotated, after its end was seen.
      if (value === 'read' && !this.#segment.compressed && this.#offset < this.#segment.bytes) continue;
      const next = this.#after(this.#segment);
      if (!next) return lines;
      this.#segment = next;
      this.#offset = 0;
    }
  }

  /** Gives back what is open. */
  async close(): Promise<void> {
    await this.#texts?.return('gone');
    this.#texts = undefined;
  }

  /** The file that follows; undefined for the one that is written. */
  #after(segment: Segment): Segment | undefined {
    if (segment === this.#log.current) return undefined;
    return (
      this.#log.rotated.find(({ number }) => number > segment.number && segment.number > 0) ??
      this.#log.current
    );
  }
}
