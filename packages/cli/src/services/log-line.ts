import { printable } from '@mainstay/service/terminal';

/** A line of a service's output, taken apart if it is one of our JSON lines. */
export interface LogLine {
  /** For people: one line without escapes. */
  readonly text: string;
  readonly level: string | undefined;
  /** Local time of day, as the line has it. */
  readonly time: string | undefined;
  /** Where the service can be reached, when the line says so. */
  readonly url: string | undefined;
  /** Port that another program has, when that is what the line is about. */
  readonly busyPort: number | undefined;
  /** The JSON object; undefined for a line of text. */
  readonly record: Readonly<Record<string, unknown>> | undefined;
}

/** What every line carries, and the table or the prefix shows already. */
const carried = new Set(['level', 'time', 'msg', 'service', 'instance', 'version', 'host', 'pid', 'runId']);

export function readLogLine(line: string): LogLine {
  const record = parseRecord(line);
  if (!record) {
    const text = printable(line);
    return { text, level: undefined, time: undefined, url: undefined, busyPort: busyPortOf(text), record };
  }
  const { level, time, msg, url } = record;
  return {
    text: [printable(String(msg)), ...fieldsOf(record)].join(' '),
    level: typeof level === 'string' ? level : undefined,
    time: typeof time === 'string' ? timeOfDay(time) : undefined,
    url: typeof url === 'string' && /^(https?|unix):/.test(url) ? printable(url) : undefined,
    busyPort: busyPortOf(line),
    record,
  };
}

function parseRecord(line: string): Readonly<Record<string, unknown>> | undefined {
  if (!line.startsWith('{')) return undefined;
  try {
    const value = JSON.parse(line) as Record<string, unknown>;
    return typeof value.msg === 'string' ? value : undefined;
  } catch {
    return undefined;
  }
}

function fieldsOf(record: Readonly<Record<string, unknown>>): string[] {
  return Object.entries(record)
    .filter(([key]) => !carried.has(key))
    .map(([key, value]) => `${printable(key)}=${shown(value)}`);
}

function shown(value: unknown): string {
  if (isError(value)) return printable(JSON.stringify(value.message));
  if (typeof value === 'string' && /^[\w.:/@+-]+$/.test(value)) return value;
  return printable(JSON.stringify(value) ?? '');
}

function isError(value: unknown): value is { readonly message: string } {
  return typeof value === 'object' && value !== null && 'message' in value && 'stack' in value;
}

function timeOfDay(time: string): string | undefined {
  const date = new Date(time);
  if (Number.isNaN(date.getTime())) return undefined;
  return [date.getHours(), date.getMinutes(), date.getSeconds()]
    .map((part) => String(part).padStart(2, '0'))
    .join(':');
}

/** Node's own words (`EADDRINUSE: address already in use :::8080`), and those of the SDK's HTTP helper. */
function busyPortOf(text: string): number | undefined {
  const match =
    /EADDRINUSE[^\n]*?:(\d{1,5})\b/.exec(text) ??
    /Cannot listen on [^:]*port (\d{1,5}): another program/.exec(text);
  return match ? Number(match[1]) : undefined;
}
