import type { LogFields, LogLevel } from '@mainstay/core';

/** One line as it is about to be written; everything in it is plain JSON data already. */
export interface LogRecord {
  readonly level: LogLevel;
  /** Milliseconds since the Unix epoch. */
  readonly time: number;
  readonly fields: LogFields;
  readonly message: string;
}

/** Makes one line, with its line feed. */
export type Encoder = (record: LogRecord) => string;

/** What every line of a service carries. */
export interface LogBase {
  readonly service: string;
  /** Which process of `instances`. */
  readonly instance: number;
  readonly version: string;
  readonly host: string;
  readonly pid: number;
  readonly runId: string;
}

/** Field names that belong to the line; a service's own field of that name gets an underscore. */
export const reservedFields: ReadonlySet<string> = new Set([
  'level',
  'time',
  'msg',
  'service',
  'instance',
  'version',
  'host',
  'pid',
  'runId',
]);

/**
 * JSON lines, in pino's layout and order: level, time, what every line carries, fields, message. It is what writes the
 * lines of the start, before pino is there; a test compares the two byte by byte.
 */
export function createJsonEncoder(base: LogBase): Encoder {
  const carried = JSON.stringify(base).slice(1, -1);
  return ({ level, time, fields, message }) => {
    const own = JSON.stringify(fields).slice(1, -1);
    const comma = own === '' ? '' : ',';
    return `{"level":"${level}","time":"${new Date(time).toISOString()}",${carried}${comma}${own},"msg":${JSON.stringify(message)}}\n`;
  };
}
