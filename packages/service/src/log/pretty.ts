import type { LogFields, LogLevel } from '@mainstay/core';
import type { Encoder } from './encoder.ts';

const labels: Readonly<Record<LogLevel, string>> = {
  trace: 'TRACE',
  debug: 'DEBUG',
  info: 'INFO ',
  warn: 'WARN ',
  error: 'ERROR',
  fatal: 'FATAL',
};

/** ECMA-48 SGR colours. */
const colours: Readonly<Record<LogLevel, string>> = {
  trace: '90',
  debug: '36',
  info: '32',
  warn: '33',
  error: '31',
  fatal: '1;31',
};

interface PlainError {
  readonly type?: unknown;
  readonly message: string;
  readonly stack?: unknown;
  readonly cause?: unknown;
}

/** Lines for people on a terminal: local time, level, message, the fields of this line; errors with their stacks below. */
export function createPrettyEncoder(options: { readonly colour: boolean }): Encoder {
  const paint = (code: string, text: string): string =>
    options.colour ? `\u001B[${code}m${text}\u001B[0m` : text;
  return ({ level, time, fields, message }) => {
    const head = `${paint('90', timeOfDay(time))} ${paint(colours[level], labels[level])} ${visible(message)}`;
    const below: string[] = [];
    const beside = describe(fields, below);
    const tail = beside === '' ? '' : ` ${paint('90', beside)}`;
    return `${head}${tail}\n${below.join('')}`;
  };
}

function describe(fields: LogFields, below: string[]): string {
  const beside: string[] = [];
  for (const [key, value] of Object.entries(fields)) {
    if (isPlainError(value)) below.push(stackOf(value));
    else if (value !== undefined) beside.push(`${visible(key)}=${short(value)}`);
  }
  return beside.join(' ');
}

function stackOf(error: PlainError): string {
  const lines = [typeof error.stack === 'string' ? error.stack : error.message];
  let cause = error.cause;
  while (isPlainError(cause)) {
    lines.push(`caused by: ${typeof cause.stack === 'string' ? cause.stack : cause.message}`);
    cause = cause.cause;
  }
  return lines.map((text) => `    ${visible(text).replaceAll('\n', '\n    ')}\n`).join('');
}

function isPlainError(value: unknown): value is PlainError {
  return typeof value === 'object' && value !== null && 'message' in value && 'stack' in value;
}

function short(value: unknown): string {
  if (typeof value === 'string' && /^[\w.:/@+-]+$/.test(value)) return value;
  return visible(JSON.stringify(value) ?? '');
}

/** Control characters from outside must not reach a terminal: they move its cursor and rewrite its lines. */
function visible(text: string): string {
  // oxlint-disable-next-line eslint/no-control-regex -- these are what is looked for
  return text.replaceAll(/[\u0000-\u0008\u000B-\u001F\u007F-\u009F]/g, (character) => {
    const code = character.codePointAt(0) ?? 0;
    return `\\x${code.toString(16).padStart(2, '0')}`;
  });
}

function timeOfDay(time: number): string {
  const date = new Date(time);
  const parts = [date.getHours(), date.getMinutes(), date.getSeconds()].map((part) => twoDigits(part));
  return `${parts.join(':')}.${String(date.getMilliseconds()).padStart(3, '0')}`;
}

const twoDigits = (value: number): string => String(value).padStart(2, '0');
