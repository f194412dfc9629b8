import { type LogFields, type Logger, type LogLevel, logLevels, messageOf } from '@mainstay/core';
import { destinationKind, journalPrefix } from './destination.ts';
import { createJsonEncoder, type Encoder, type LogBase, type LogRecord, reservedFields } from './encoder.ts';
import { LineWriter, unblockSocket } from './line-writer.ts';
import { toPlain, toPlainFields } from './plain.ts';
import { createPrettyEncoder } from './pretty.ts';
import { maskLine, type SecretMask } from './redaction.ts';

export interface ServiceLogOptions {
  readonly base: LogBase;
  /** Masks what the config has loaded from secret references. */
  readonly secrets?: SecretMask;
  /** LOG_LEVEL, NO_COLOR (no-color.org), JOURNAL_STREAM are read. @default process.env */
  readonly env?: NodeJS.ProcessEnv;
  /** Descriptor that the lines go to. @default 1 */
  readonly fd?: number;
  /** Wall time in milliseconds. @default Date.now */
  readonly now?: () => number;
}

/** The log of one process, and the means to change and to empty it. */
export interface ServiceLog {
  readonly logger: Logger;
  level: LogLevel;
  /**
   * Lets pino make the lines from here on; call it when the start is over, for pino takes 5–6 ms to load. Lines stay the
   * same and in order. Does nothing on a terminal.
   */
  usePino(): Promise<void>;
  /** Lines go to this descriptor from here on: a Windows service has no standard output. */
  writeTo(fd: number): void;
  /** Writes what waits; before the process leaves, and in a crash. Also called on `exit`. */
  flushSync(): void;
}

/** JSON lines, or lines for people where standard output is a terminal. Nothing of it throws into the service. */
export function createServiceLog(options: ServiceLogOptions): ServiceLog {
  const { secrets, env = process.env, fd = 1, now = Date.now } = options;
  const { service, instance, version, host, pid, runId } = options.base;
  // The order of the lines, whatever the caller's.
  const base: LogBase = { service, instance, version, host, pid, runId };
  const kind = destinationKind(fd, env);
  let encode: Encoder =
    kind === 'terminal' ? createPrettyEncoder({ colour: wantsColour(env) }) : createJsonEncoder(base);
  const finish = (record: LogRecord): string => {
    const line = maskLine(encode(record), secrets);
    return kind === 'journal' ? journalPrefix(record.level) + line : line;
  };
  const writer = new LineWriter({
    fd,
    onDropped: (count) =>
      finish({
        level: 'warn',
        time: now(),
        fields: { count },
        message: 'Log lines were dropped: nobody read them',
      }),
  });
  const asked = levelOf(env['LOG_LEVEL']);
  const log: ServiceLog = {
    logger: createLogger({}, write),
    level: asked ?? 'info',
    async usePino() {
      if (kind === 'terminal') return;
      unblockSocket(fd);
      const { createPinoEncoder } = await import('./pino-encoder.ts');
      encode = createPinoEncoder(base);
    },
    writeTo: (fd) => writer.writeTo(fd),
    flushSync: () => writer.flushSync(),
  };
  function write(level: LogLevel, bindings: LogFields, first: unknown, second: unknown): void {
    if (logLevels[level] < logLevels[log.level]) return;
    writer.write(safely({ level, time: now(), base, bindings, first, second }, finish));
  }
  process.once('exit', () => writer.flushSync());
  if (asked === undefined && env['LOG_LEVEL']) {
    log.logger.warn(
      { value: env['LOG_LEVEL'], known: Object.keys(logLevels) },
      'Unknown LOG_LEVEL; using info',
    );
  }
  return log;
}

type Write = (level: LogLevel, bindings: LogFields, first: unknown, second: unknown) => void;

function createLogger(bindings: LogFields, write: Write): Logger {
  const method =
    (level: LogLevel) =>
    (first: unknown, second?: unknown): void =>
      write(level, bindings, first, second);
  return {
    trace: method('trace'),
    debug: method('debug'),
    info: method('info'),
    warn: method('warn'),
    error: method('error'),
    fatal: method('fatal'),
    child: (fields) => createLogger({ ...bindings, ...ownFields(toPlainFields(fields)) }, write),
  };
}

interface Call {
  readonly level: LogLevel;
  readonly time: number;
  readonly base: LogBase;
  readonly bindings: LogFields;
  readonly first: unknown;
  readonly second: unknown;
}

/** Whatever the service passed, a line comes of it. */
function safely(call: Call, finish: (record: LogRecord) => string): string {
  const { level, time, bindings, first, second } = call;
  try {
    const alone = typeof first === 'string';
    const fields = alone ? bindings : { ...bindings, ...ownFields(toPlainFields(first)) };
    const message = alone ? first : messageOfCall(first, second);
    return finish({ level, time, fields, message: cut(message) });
  } catch (error) {
    const failure = safeMessage(error);
    return finish({ level, time, fields: { failure }, message: 'A log line could not be made' });
  }
}

/** Callers from outside TypeScript may leave the message out, or pass anything. */
function messageOfCall(first: unknown, second: unknown): string {
  if (typeof second === 'string') return second;
  if (second !== undefined) return JSON.stringify(toPlain(second)) ?? '';
  return first instanceof Error ? first.message : '';
}

/** A line's message is constant text; one that is not still has to fit. */
const cut = (message: string): string => String(toPlain(message));

function safeMessage(error: unknown): string {
  try {
    return messageOf(error);
  } catch {
    return 'unknown';
  }
}

function ownFields(fields: Record<string, unknown>): Record<string, unknown> {
  for (const name of reservedFields) {
    if (name in fields) {
      fields[`${name}_`] = fields[name];
      delete fields[name];
    }
  }
  return fields;
}

function levelOf(text: string | undefined): LogLevel | undefined {
  const level = text?.trim().toLowerCase();
  return level !== undefined && Object.hasOwn(logLevels, level) ? (level as LogLevel) : undefined;
}

function wantsColour(env: NodeJS.ProcessEnv): boolean {
  return !env['NO_COLOR'] && env['TERM'] !== 'dumb';
}
