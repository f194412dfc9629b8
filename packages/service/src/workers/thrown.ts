/** An error as it crosses the border between threads; a structured clone alone loses names, codes and subclasses. */
export interface ThrownError {
  readonly kind: 'error';
  readonly name: string;
  readonly message: string;
  readonly stack: string | undefined;
  /** Own enumerable properties that can be cloned: `code`, `details`. */
  readonly properties: Readonly<Record<string, unknown>>;
  readonly cause?: Thrown;
  readonly errors?: readonly Thrown[];
}

/** Whatever was thrown. */
export type Thrown = ThrownError | { readonly kind: 'value'; readonly value: unknown };

/** A chain of causes longer than this is a loop. */
const maxCauses = 16;

/** Packs what a task threw so that it can be posted. Never throws. */
export function packThrown(thrown: unknown, depth = 0): Thrown {
  if (!(thrown instanceof Error))
    return { kind: 'value', value: isCloneable(thrown) ? thrown : String(thrown) };
  const properties = Object.fromEntries(
    Object.entries(thrown).filter(([key, value]) => key !== 'cause' && isCloneable(value)),
  );
  return {
    kind: 'error',
    name: thrown.name,
    message: thrown.message,
    stack: thrown.stack,
    properties,
    ...(thrown.cause !== undefined && depth < maxCauses && { cause: packThrown(thrown.cause, depth + 1) }),
    ...(thrown instanceof AggregateError && {
      errors: thrown.errors.map((error) => packThrown(error, depth + 1)),
    }),
  };
}

/** The error again: same name, message, stack, cause and properties, and of the same built-in class. */
export function unpackThrown(thrown: Thrown): unknown {
  if (thrown.kind === 'value') return thrown.value;
  const error = thrown.errors ? new AggregateError(thrown.errors.map(unpackThrown)) : emptyError(thrown.name);
  const hidden = { configurable: true, enumerable: false, writable: true };
  Object.defineProperty(error, 'message', { ...hidden, value: thrown.message });
  Object.defineProperty(error, 'stack', { ...hidden, value: thrown.stack });
  if (error.name !== thrown.name) Object.defineProperty(error, 'name', { ...hidden, value: thrown.name });
  if (thrown.cause) Object.defineProperty(error, 'cause', { ...hidden, value: unpackThrown(thrown.cause) });
  return Object.assign(error, thrown.properties);
}

const builtIn: Readonly<Record<string, new () => Error>> = {
  EvalError,
  RangeError,
  ReferenceError,
  SyntaxError,
  TypeError,
  URIError,
};

function emptyError(name: string): Error {
  const Class = (Object.hasOwn(builtIn, name) && builtIn[name]) || Error;
  return new Class();
}

function isCloneable(value: unknown): boolean {
  if (value === null || (typeof value !== 'object' && typeof value !== 'function'))
    return typeof value !== 'symbol';
  try {
    structuredClone(value);
    return true;
  } catch {
    return false;
  }
}
