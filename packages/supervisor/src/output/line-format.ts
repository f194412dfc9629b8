import type { OutputStream } from './types.ts';

/**
 * Longest text of one line on disk, in bytes; longer ones are cut. containerd's default, `max_container_log_line_size`.
 */
export const maxPieceBytes = 16 * 1024;

const lineFeed = 0x0a;

/**
 * What stands before the text of a line on disk, in the format of Kubernetes' CRI (design proposal "CRI: Log
 * management for container stdout/stderr streams"): time, stream, tags with `:` between them, text. `F` is the end of
 * a line, `P` a piece that goes on in the next line of the same run and stream; the second tag names the run.
 */
export function headerOf(time: string, stream: OutputStream, end: 'F' | 'P', tag: string): string {
  return `${time} ${stream} ${end}:${tag} `;
}

/** Lines for the disk, each character one byte. */
export interface Framed {
  readonly text: string;
  /** Lines that ended. */
  readonly lines: number;
  /** The last one has not. */
  readonly open: boolean;
}

/**
 * Frames a chunk of output. What has no line feed yet is framed as a piece at once and not kept back: an agent that is
 * killed then loses nothing that it had read, and a prompt is seen before it is answered.
 *
 * One replacement over the whole chunk as Latin-1, which maps bytes to characters one to one, takes about an eighth of
 * a second of processor time for a million lines of 100 bytes; a loop that copies line by line takes a third more,
 * and one over the bytes twice as much.
 */
export function frame(chunk: Buffer, full: string, piece: string): Framed {
  if (hasLongLine(chunk)) return frameLongLines(chunk, full, piece);
  const last = chunk.lastIndexOf(lineFeed);
  const rest = last + 1 < chunk.length ? `${piece}${chunk.toString('latin1', last + 1)}\n` : '';
  if (last < 0) return { text: rest, lines: 0, open: rest !== '' };
  const body = chunk.toString('latin1', 0, last);
  const framed = body.replaceAll('\n', `\n${full}`);
  const lines = 1 + (framed.length - body.length) / full.length;
  return { text: `${full}${framed}\n${rest}`, lines, open: rest !== '' };
}

/** Looks back from every 16 KiB, so that a chunk with short lines takes a handful of searches. */
function hasLongLine(chunk: Buffer): boolean {
  let start = 0;
  while (chunk.length - start > maxPieceBytes) {
    const end = chunk.lastIndexOf(lineFeed, start + maxPieceBytes);
    if (end < start) return true;
    start = end + 1;
  }
  return false;
}

function frameLongLines(chunk: Buffer, full: string, piece: string): Framed {
  const parts: string[] = [];
  let lines = 0;
  let start = 0;
  while (start < chunk.length) {
    const feed = chunk.indexOf(lineFeed, start);
    const end = feed < 0 ? chunk.length : feed;
    for (; end - start > maxPieceBytes; start += maxPieceBytes)
      parts.push(piece, chunk.toString('latin1', start, start + maxPieceBytes), '\n');
    parts.push(feed < 0 ? piece : full, chunk.toString('latin1', start, end), '\n');
    if (feed < 0) return { text: parts.join(''), lines, open: true };
    lines++;
    start = feed + 1;
  }
  return { text: parts.join(''), lines, open: false };
}

/** A line as it is on disk; `text` is Latin-1, each character one byte. */
export interface Piece {
  readonly time: number;
  readonly stream: OutputStream;
  readonly end: boolean;
  readonly service: string;
  readonly instance: number;
  readonly run: number;
  readonly text: string;
}

const linePattern = /^(\S+) (stdout|stderr) ([FP]):([^/\s]+)\/(\d+)#(\d+) /;

/** Undefined for what no agent has written. */
export function parsePiece(line: string): Piece | undefined {
  const match = linePattern.exec(line);
  if (!match) return undefined;
  const time = Date.parse(match[1] as string);
  if (Number.isNaN(time)) return undefined;
  return {
    time,
    stream: match[2] as OutputStream,
    end: match[3] === 'F',
    service: match[4] as string,
    instance: Number(match[5]),
    run: Number(match[6]),
    text: line.slice(match[0].length),
  };
}
