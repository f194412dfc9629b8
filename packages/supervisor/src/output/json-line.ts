import { logLevels, type LogLevel } from '@mainstay/core';

/** A log line that a program has written as JSON. */
export interface JsonLine {
  readonly level: LogLevel | undefined;
  readonly message: string;
  /** Milliseconds since the epoch. */
  readonly time: number | undefined;
  /** The whole object. */
  readonly record: Readonly<Record<string, unknown>>;
  /** What is neither level, message nor time. */
  readonly fields: Readonly<Record<string, unknown>>;
}

/** pino, bunyan and ours: `msg`; winston, log4j, Serilog, ECS: the others. */
const messageKeys = ['msg', 'message', '@m', '@mt', 'event', 'text'];
/** ECS and GELF write `log.level` and `severity`. */
const levelKeys = ['level', 'severity', 'lvl', 'levelname', 'log.level', '@l'];
const timeKeys = ['time', 'timestamp', 'ts', '@timestamp', '@t', 'datetime'];

/** Other words for a level; syslog's, Python's, .NET's. */
const synonyms: Readonly<Record<string, LogLevel>> = {
  verbose: 'trace',
  notice: 'info',
  information: 'info',
  warning: 'warn',
  err: 'error',
  critical: 'fatal',
  crit: 'fatal',
  alert: 'fatal',
  emerg: 'fatal',
  emergency: 'fatal',
  panic: 'fatal',
};

/** Undefined for a line that is not an object in JSON with a message. */
export function readJsonLine(text: string): JsonLine | undefined {
  const record = parseObject(text);
  if (!record) return undefined;
  const messageKey = messageKeys.find((key) => typeof record[key] === 'string');
  if (messageKey === undefined) return undefined;
  const levelKey = levelKeys.find((key) => levelOf(record[key]) !== undefined);
  const timeKey = timeKeys.find((key) => timeOf(record[key]) !== undefined);
  const used = new Set([messageKey, levelKey, timeKey]);
  return {
    level: levelKey === undefined ? undefined : levelOf(record[levelKey]),
    message: record[messageKey] as string,
    time: timeKey === undefined ? undefined : timeOf(record[timeKey]),
    record,
    fields: Object.fromEntries(Object.entries(record).filter(([key]) => !used.has(key))),
  };
}

function parseObject(text: string): Readonly<Record<string, unknown>> | undefined {
  if (!text.startsWith('{') || !text.trimEnd().endsWith('}')) return undefined;
  try {
    return JSON.parse(text) as Readonly<Record<string, unknown>>;
  } catch {
    return undefined;
  }
}

function levelOf(value: unknown): LogLevel | undefined {
  if (typeof value === 'number') {
    const levels = Object.entries(logLevels) as [LogLevel, number][];
    // pino and bunyan: tens from 10; a level of one's own belongs to the one below it.
    return levels.findLast(([, number]) => value >= number)?.[0];
  }
  if (typeof value !== 'string') return undefined;
  const word = value.toLowerCase();
  return Object.hasOwn(logLevels, word)
    ? (word as LogLevel)
    : Object.hasOwn(synonyms, word)
      ? synonyms[word]
      : undefined;
}

/** Seconds are told from milliseconds by their size: in ms, 1e11 is in 1973, and in seconds, in the year 5138. */
function timeOf(value: unknown): number | undefined {
  if (typeof value === 'number' && Number.isFinite(value) && value > 0)
    return value < 1e11 ? Math.round(value * 1000) : Math.round(value);
  if (typeof value !== 'string') return undefined;
  const time = Date.parse(value);
  return Number.isNaN(time) ? undefined : time;
}
