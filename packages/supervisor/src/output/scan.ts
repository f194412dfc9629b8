import type { Logger } from '@mainstay/core';
import { join } from 'node:path';

import { codeOf, type LogFileSystem } from './file-system.ts';
import { parsePiece } from './line-format.ts';
import { newSegment, parseSegmentName, pathOfSegment, type Segment, unfinishedSuffix } from './segments.ts';

/** What an earlier agent left of one instance. */
export interface FoundLog {
  readonly service: string;
  readonly instance: number;
  current: Segment;
  /** Oldest first. */
  readonly rotated: Segment[];
}

/** Longest line that can be on disk with what stands before its text, in bytes, generously. */
const maxTornBytes = 64 * 1024;
const lineFeed = 0x0a;

/**
 * Reads what is in the directory, and repairs what an agent that was killed has left: half a line at the end, half a
 * compressed file, both the compressed and the plain one. Files that are not ours are left alone.
 */
export function scanLogs(fileSystem: LogFileSystem, directory: string, log: Logger): FoundLog[] {
  return list(fileSystem, directory, log)
    .filter(({ isDirectory }) => isDirectory)
    .flatMap(({ name }) => scanService(fileSystem, join(directory, name), name, log));
}

function list(fileSystem: LogFileSystem, path: string, log: Logger): ReturnType<LogFileSystem['list']> {
  try {
    return fileSystem.list('SCAN', path);
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') log.warn({ err: error, path }, 'A log directory could not be read');
    return [];
  }
}

function scanService(fileSystem: LogFileSystem, folder: string, service: string, log: Logger): FoundLog[] {
  const found = new Map<number, FoundLog>();
  const of = (instance: number) => {
    const known = found.get(instance);
    if (known) return known;
    const made: FoundLog = { service, instance, current: newSegment(), rotated: [] };
    found.set(instance, made);
    return made;
  };
  for (const { name, isDirectory } of list(fileSystem, folder, log)) {
    if (isDirectory) continue;
    const path = join(folder, name);
    try {
      if (name.endsWith(unfinishedSuffix)) fileSystem.remove('CLEAN', path);
      const parsed = parseSegmentName(name);
      if (!parsed) continue;
      if (parsed.number === 0) repair(fileSystem, path);
      const { bytes, modifiedAt } = fileSystem.factsOf('SCAN', path);
      const segment = { ...parsed, bytes, lastTime: modifiedAt, removed: false };
      if (parsed.number === 0) of(parsed.instance).current = segmentOf(segment);
      else of(parsed.instance).rotated.push(segmentOf(segment));
    } catch (error) {
      log.warn({ err: error, path }, 'A log file could not be looked at');
    }
  }
  for (const entry of found.values()) dropPlainTwins(fileSystem, folder, entry, log);
  return [...found.values()];
}

function segmentOf({ number, bytes, compressed, lastTime, removed }: Segment): Segment {
  return { number, bytes, compressed, lastTime, removed };
}

/** A compressed file has its name only when it is complete: the plain one should have gone then. */
function dropPlainTwins(fileSystem: LogFileSystem, folder: string, found: FoundLog, log: Logger): void {
  found.rotated.sort((one, other) => one.number - other.number);
  const complete = new Set(found.rotated.filter(({ compressed }) => compressed).map(({ number }) => number));
  for (const segment of found.rotated.filter(
    ({ compressed, number }) => !compressed && complete.has(number),
  )) {
    const path = pathOfSegment(folder, found.instance, segment);
    try {
      fileSystem.remove('CLEAN', path);
    } catch (error) {
      log.warn({ err: error, path }, 'A log file that has been compressed could not be removed');
    }
    found.rotated.splice(found.rotated.indexOf(segment), 1);
  }
}

/** Ends a line that a killed agent began; one whose beginning cannot be read holds no text and is taken away. */
function repair(fileSystem: LogFileSystem, path: string): void {
  const { bytes } = fileSystem.factsOf('REPAIR', path);
  if (bytes === 0) return;
  const fd = fileSystem.open('REPAIR', path, 'r+');
  try {
    const end = Buffer.alloc(Math.min(bytes, maxTornBytes));
    fileSystem.read('REPAIR', fd, end, bytes - end.length);
    if (end.at(-1) === lineFeed) return;
    const start = end.lastIndexOf(lineFeed) + 1;
    const isLine = parsePiece(end.toString('latin1', start)) !== undefined;
    if (!isLine && (start > 0 || end.length === bytes)) {
      fileSystem.truncate('REPAIR', fd, bytes - end.length + start);
      return;
    }
  } finally {
    fileSystem.close('REPAIR', fd);
  }
  const append = fileSystem.open('REPAIR', path, 'a');
  try {
    fileSystem.write('REPAIR', append, Buffer.of(lineFeed));
  } finally {
    fileSystem.close('REPAIR', append);
  }
}
