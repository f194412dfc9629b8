import type { Readable } from 'node:stream';

import type { InstanceLog } from './instance-log.ts';
import { pathOfSegment, type Segment } from './segments.ts';

/** What is read at once, in bytes. */
const blockBytes = 256 * 1024;

/**
 * Whole lines of a file as they are on disk, Latin-1, from a place on (in bytes before compression) up to what is in
 * it when the last of them is asked for. The file may be rotated, compressed or removed meanwhile. Nothing comes of a
 * file that is gone already, or that somebody has emptied.
 */
export async function* segmentTexts(
  log: InstanceLog,
  segment: Segment,
  from: number,
): AsyncGenerator<string, 'read' | 'gone'> {
  // Opened by a plain call: between the name and the descriptor no rotation can happen.
  const fd = openSegment(log, segment);
  if (fd === undefined) return 'gone';
  if (segment.compressed) {
    const { gunzipped } = await import('./gunzip.ts');
    yield* wholeLines(gunzipped(fd), from);
    return 'read';
  }
  try {
    let at = from;
    for (let end = endOf(log, segment, fd); at < end; end = endOf(log, segment, fd)) {
      const text = readText(log, fd, at, Math.min(blockBytes, end - at));
      if (text === '') return 'gone';
      const whole = text.slice(0, text.lastIndexOf('\n') + 1) || text;
      at += whole.length;
      yield whole;
    }
    return 'read';
  } finally {
    log.fileSystem.close('READ', fd);
  }
}

/** Where the last `count` lines of a file that is not compressed begin, or its start, and how many there are. */
export function lastLinesOf(
  log: InstanceLog,
  segment: Segment,
  count: number,
): { readonly offset: number; readonly lines: number } {
  const fd = openSegment(log, segment);
  if (fd === undefined) return { offset: 0, lines: 0 };
  try {
    let lines = 0;
    for (let end = segment.bytes - 1; end > 0;) {
      const start = Math.max(0, end - blockBytes);
      // With what stands before the text of the line that begins at the end of the block.
      const text = readText(log, fd, start, Math.min(segment.bytes, end + 64) - start);
      for (let at = text.lastIndexOf('\n', end - start - 1); at >= 0;) {
        if (isEnd(text, at + 1) && ++lines === count) return { offset: start + at + 1, lines };
        at = at === 0 ? -1 : text.lastIndexOf('\n', at - 1);
      }
      end = start;
    }
    return { offset: 0, lines: lines + 1 };
  } finally {
    log.fileSystem.close('READ', fd);
  }
}

export async function countLines(log: InstanceLog, segment: Segment): Promise<number> {
  let lines = 0;
  for await (const text of segmentTexts(log, segment, 0))
    for (let at = 0; at < text.length; at = text.indexOf('\n', at) + 1) if (isEnd(text, at)) lines++;
  return lines;
}

/** Pieces of a line do not count, but for its last; see `headerOf`: a time of 24 characters, a stream of six. */
function isEnd(text: string, at: number): boolean {
  return text.charAt(at + 32) !== 'P';
}

function openSegment(log: InstanceLog, segment: Segment): number | undefined {
  if (segment.removed || (segment.number === 0 && segment.bytes === 0)) return undefined;
  try {
    return log.fileSystem.open('READ', pathOfSegment(log.folder, log.instance, segment), 'r');
  } catch {
    // Somebody else has removed it: what is gone cannot be read, and the rest can.
    return undefined;
  }
}

/** A file that was compressed after it was opened is complete, and what the segment says is about the other one. */
function endOf(log: InstanceLog, segment: Segment, fd: number): number {
  return segment.compressed ? log.fileSystem.factsOf('READ', fd).bytes : segment.bytes;
}

function readText(log: InstanceLog, fd: number, at: number, bytes: number): string {
  const buffer = Buffer.allocUnsafe(bytes);
  return buffer.toString('latin1', 0, log.fileSystem.read('READ', fd, buffer, at));
}

async function* wholeLines(chunks: Readable, skip: number): AsyncGenerator<string> {
  let rest = '';
  let toSkip = skip;
  for await (const chunk of chunks as AsyncIterable<Buffer>) {
    const skipped = Math.min(toSkip, chunk.length);
    toSkip -= skipped;
    const text = rest + chunk.toString('latin1', skipped);
    const end = text.lastIndexOf('\n') + 1;
    rest = text.slice(end);
    if (end > 0) yield text.slice(0, end);
  }
}
