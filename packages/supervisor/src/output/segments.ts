import { join } from 'node:path';

/** One file of an instance's log: the one that is written, or a rotated one. Readers hold on to it over a rotation. */
export interface Segment {
  /** Its number once it is rotated; counts over the whole store, so that its order needs no clock. 0: still written. */
  number: number;
  /** What is in it, in whole lines; of a compressed one its size on disk. */
  bytes: number;
  compressed: boolean;
  /** When its last line was written, in ms since the epoch; 0 when that is not known. */
  lastTime: number;
  removed: boolean;
}

export function newSegment(): Segment {
  return { number: 0, bytes: 0, compressed: false, lastTime: 0, removed: false };
}

export function pathOfSegment(folder: string, instance: number, segment: Segment): string {
  if (segment.number === 0) return join(folder, `${instance}.log`);
  return join(folder, `${instance}.${segment.number}.log${segment.compressed ? '.gz' : ''}`);
}

/** A compressed file that is not complete yet; one that is found at open is from an agent that was killed. */
export const unfinishedSuffix = '.unfinished';

export interface SegmentName {
  readonly instance: number;
  readonly number: number;
  readonly compressed: boolean;
}

/** Undefined for a file that is not ours. */
export function parseSegmentName(name: string): SegmentName | undefined {
  const match = /^(\d{1,9})(?:\.(\d{1,15}))?\.log(\.gz)?$/.exec(name);
  if (!match) return undefined;
  const compressed = match[3] !== undefined;
  if (match[2] === undefined)
    return compressed ? undefined : { instance: Number(match[1]), number: 0, compressed };
  const number = Number(match[2]);
  return number === 0 ? undefined : { instance: Number(match[1]), number, compressed };
}
