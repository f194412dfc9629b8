import { isAppError } from '@mainstay/core';
import { isSensitiveKey, redacted } from './redaction.ts';

/** Bounds of one line, so that a stray object (a socket, a request) cannot make it huge. */
const maxDepth = 8;
const maxValues = 2_000;
const maxTextLength = 16_384;

interface Walk {
  /** The objects above the one being read: what is met again is a cycle. */
  readonly above: object[];
  values: number;
}

/**
 * Makes plain JSON data of anything: errors with their chain of causes, bigints, maps, cycles, getters that throw.
 * Values under sensitive keys are redacted. Never throws.
 */
export function toPlain(value: unknown): unknown {
  return plain(value, { above: [], values: 0 });
}

/** As `toPlain`, for the fields of a line; an error in place of fields becomes the field `err`. */
export function toPlainFields(fields: unknown): Record<string, unknown> {
  if (fields === null || fields === undefined) return {};
  if (fields instanceof Error) return { err: toPlain(fields) };
  if (typeof fields !== 'object') return { value: toPlain(fields) };
  const walk: Walk = { above: [], values: 0 };
  return properties(fields, walk);
}

function plain(value: unknown, walk: Walk): unknown {
  switch (typeof value) {
    case 'string':
      return value.length <= maxTextLength ? value : shortened(value);
    case 'number':
      return Number.isFinite(value) ? value : String(value);
    case 'bigint':
      return value.toString();
    case 'boolean':
    case 'undefined':
      return value;
    case 'symbol':
      return value.toString();
    case 'function':
      return undefined;
    default:
      return value === null ? null : guarded(value as object, walk);
  }
}

function guarded(value: object, walk: Walk): unknown {
  if (walk.above.includes(value)) return '[Circular]';
  if (walk.above.length >= maxDepth) return '[Too deep]';
  walk.above.push(value);
  try {
    return object(value, walk);
  } catch (error) {
    return threw(error);
  } finally {
    walk.above.pop();
  }
}

function object(value: object, walk: Walk): unknown {
  if (value instanceof Error) return errorOf(value, walk);
  if (Array.isArray(value)) return items(value, walk);
  if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer) {
    return `[${value.constructor.name}, ${value.byteLength} bytes]`;
  }
  if (value instanceof Map) return properties(Object.fromEntries(value), walk);
  if (value instanceof Set) return items(value, walk);
  const { toJSON } = value as { toJSON?: unknown };
  if (typeof toJSON === 'function') return plain(toJSON.call(value), walk);
  return properties(value, walk);
}

function items(values: Iterable<unknown>, walk: Walk): unknown[] {
  const list: unknown[] = [];
  for (const item of values) {
    if (++walk.values > maxValues) {
      list.push('[Too long]');
      break;
    }
    list.push(plain(item, walk) ?? null);
  }
  return list;
}

function properties(value: object, walk: Walk): Record<string, unknown> {
  const copy: Record<string, unknown> = {};
  for (const key of Object.keys(value)) {
    if (++walk.values > maxValues) {
      copy['…'] = '[Too long]';
      break;
    }
    const entry = property(value, key, walk);
    // `__proto__` as an assignment would set the prototype.
    if (entry !== undefined && key !== '__proto__') copy[key] = entry;
  }
  return copy;
}

function property(value: object, key: string, walk: Walk): unknown {
  let entry: unknown;
  try {
    entry = (value as Record<string, unknown>)[key];
  } catch (error) {
    return threw(error);
  }
  if (isSensitiveKey(key) && entry !== undefined && entry !== null && typeof entry !== 'boolean') {
    return redacted;
  }
  return plain(entry, walk);
}

/**
 * An error's own enumerable properties come after the three that people look for; `cause` closes. An `AppError` names by
 * its code and message what was wrong and what to do: the stack says nothing to who can do it. Its cause keeps its own.
 */
function errorOf(error: Error, walk: Walk): Record<string, unknown> {
  const copy: Record<string, unknown> = {
    type: plain(error.name, walk),
    message: plain(error.message, walk),
    stack: isAppError(error) ? undefined : plain(error.stack, walk),
  };
  for (const [key, entry] of Object.entries(properties(error, walk))) {
    if (!(key in copy) && key !== 'name' && key !== 'cause') copy[key] = entry;
  }
  if (error instanceof AggregateError) copy['errors'] = items(error.errors, walk);
  if (error.cause !== undefined) copy['cause'] = plain(error.cause, walk);
  return copy;
}

function threw(error: unknown): string {
  try {
    return `[Threw: ${error instanceof Error ? error.message : String(error)}]`;
  } catch {
    return '[Threw]';
  }
}

const shortened = (text: string): string =>
  `${text.slice(0, maxTextLength)}… (${text.length - maxTextLength} characters more)`;
