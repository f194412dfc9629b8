/** Checks a value found at `path`, and tells what is wrong with it. Takes what it knows from the value: the result has the same content. */
export type Shape = (value: unknown, path: string, tell: Tell) => void;

export type Tell = (path: string, what: string) => void;

/** Any JSON that is deeper or longer is not a manifest of ours, and would only cost memory. */
const maxEntries = 10_000;
const maxTextLength = 65_536;

export interface TextRules {
  readonly pattern?: RegExp;
  /** Says what the pattern wants: `has to be …`. */
  readonly wants?: string;
  readonly minLength?: number;
  readonly maxLength?: number;
}

export function text({ pattern, wants, minLength = 0, maxLength = maxTextLength }: TextRules = {}): Shape {
  return (value, path, tell) => {
    if (typeof value !== 'string') tell(path, `has to be a text, and is ${kindOf(value)}`);
    else if (value.length > maxLength) tell(path, `has ${value.length} characters: at most ${maxLength}`);
    else if (value.length < minLength) tell(path, 'is empty');
    // A NUL would end the text early for the system, and so make it another one.
    else if (value.includes('\0')) tell(path, 'holds a NUL character');
    else if (pattern && !pattern.test(value)) {
      tell(path, `is ${JSON.stringify(value)}: ${wants ?? `has to match ${pattern.source}`}`);
    }
  };
}

export function number({ min, max, whole = true }: { min: number; max: number; whole?: boolean }): Shape {
  return (value, path, tell) => {
    const fits =
      typeof value === 'number' && value >= min && value <= max && (!whole || Number.isSafeInteger(value));
    if (fits) return;
    const given = typeof value === 'number' ? String(value) : kindOf(value);
    tell(path, `has to be a ${whole ? 'whole ' : ''}number from ${min} to ${max}, and is ${given}`);
  };
}

export const flag: Shape = (value, path, tell) => {
  if (typeof value !== 'boolean') tell(path, `has to be true or false, and is ${kindOf(value)}`);
};

export function oneOf(...words: readonly string[]): Shape {
  return (value, path, tell) => {
    if (typeof value === 'string' && words.includes(value)) return;
    tell(path, `has to be one of ${words.join(', ')}, and is ${shown(value)}`);
  };
}

/** May be missing; JSON has no undefined. */
export function optional(shape: Shape): Shape & { readonly optional: true } {
  return Object.assign((...args: Parameters<Shape>) => shape(...args), { optional: true as const });
}

export function list(shape: Shape, { min = 0, max = maxEntries } = {}): Shape {
  return (value, path, tell) => {
    if (!Array.isArray(value)) return tell(path, `has to be a list, and is ${kindOf(value)}`);
    if (value.length < min) return tell(path, `has ${value.length} entries: at least ${min}`);
    if (value.length > max) return tell(path, `has ${value.length} entries: at most ${max}`);
    value.forEach((entry, index) => shape(entry, `${path}[${index}]`, tell));
  };
}

export function record(shape: Shape, key: TextRules): Shape {
  const keyShape = text(key);
  return (value, path, tell) => {
    if (!isRecord(value)) return tell(path, `has to be an object, and is ${kindOf(value)}`);
    const entries = Object.entries(value);
    if (entries.length > maxEntries)
      return tell(path, `has ${entries.length} entries: at most ${maxEntries}`);
    for (const [name, entry] of entries) {
      keyShape(name, `the name ${JSON.stringify(name)} in ${path}`, tell);
      shape(entry, `${path}.${name}`, tell);
    }
  };
}

/** Keys that are not listed are refused: an older agent would drop them without a word. */
export function object(shapes: Readonly<Record<string, Shape>>): Shape {
  return (value, path, tell) => {
    if (!isRecord(value)) return tell(path, `has to be an object, and is ${kindOf(value)}`);
    for (const key of Object.keys(value)) {
      if (!Object.hasOwn(shapes, key)) {
        tell(
          path === '' ? key : `${path}.${key}`,
          'is not known to this agent, which may be older than the sender',
        );
      }
    }
    for (const [key, shape] of Object.entries(shapes)) {
      const at = path === '' ? key : `${path}.${key}`;
      const entry = Object.hasOwn(value, key) ? value[key] : undefined;
      if (entry !== undefined) shape(entry, at, tell);
      else if (!('optional' in shape)) tell(at, 'is missing');
    }
  };
}

/** Objects that are told apart by their `type`. */
export function variants(kinds: Readonly<Record<string, Readonly<Record<string, Shape>>>>): Shape {
  const types = Object.keys(kinds);
  const shapes = new Map(types.map((type) => [type, object({ type: oneOf(type), ...kinds[type] })]));
  return (value, path, tell) => {
    if (!isRecord(value)) return tell(path, `has to be an object, and is ${kindOf(value)}`);
    const { type } = value;
    const shape = typeof type === 'string' ? shapes.get(type) : undefined;
    if (shape) shape(value, path, tell);
    else tell(`${path}.type`, `has to be one of ${types.join(', ')}, and is ${shown(type)}`);
  };
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function kindOf(value: unknown): string {
  if (value === undefined) return 'missing';
  if (value === null) return 'null';
  return Array.isArray(value) ? 'a list' : `a${/^[aeiou]/.test(typeof value) ? 'n' : ''} ${typeof value}`;
}

const shown = (value: unknown): string =>
  typeof value === 'string' ? JSON.stringify(value.slice(0, 80)) : kindOf(value);
