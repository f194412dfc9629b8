/** A directive of a unit: its section, its name and its value. */
export interface Directive {
  readonly section: string;
  readonly key: string;
  readonly value: string;
}

/** Reads a unit by systemd.syntax(7): sections, comments with # and ;, lines that go on after a backslash. */
export function readUnitFile(text: string): readonly Directive[] {
  const directives: Directive[] = [];
  let section = '';
  let pending = '';
  for (const raw of text.replace(/^\uFEFF/, '').split(/\r?\n/)) {
    const line = raw.trim();
    // Comments between lines that go on are left out.
    if (/^[#;]/.test(line) || (line === '' && pending === '')) continue;
    const whole = pending + (pending === '' ? line : raw.trim());
    if (whole.endsWith('\\')) {
      pending = `${whole.slice(0, -1)} `;
      continue;
    }
    pending = '';
    const header = /^\[(.+)\]$/.exec(whole)?.[1];
    const at = whole.indexOf('=');
    if (header !== undefined) section = header;
    else if (at > 0)
      directives.push({ section, key: whole.slice(0, at).trim(), value: whole.slice(at + 1).trim() });
  }
  return directives;
}

const timeUnits: readonly (readonly [RegExp, number])[] = [
  [/^(us|usec|µs)$/, 0.001],
  [/^(ms|msec)$/, 1],
  [/^(|s|sec|seconds?)$/, 1000],
  [/^(m|min|minutes?)$/, 60_000],
  [/^(h|hr|hours?)$/, 3_600_000],
  [/^(d|days?)$/, 86_400_000],
  [/^(w|weeks?)$/, 604_800_000],
];

/** Milliseconds; NaN for what is no unit. */
function unitOf(name: string): number {
  return timeUnits.find(([pattern]) => pattern.test(name))?.[1] ?? Number.NaN;
}

/** Milliseconds of a time span by systemd.time(7): `5min 20s`; a bare number is seconds. Undefined for `infinity`. */
export function readTimeSpan(text: string): number | undefined {
  const parts = [...text.matchAll(/(\d+(?:\.\d+)?)\s*([a-z]*)\s*/giy)];
  if (parts.length === 0 || parts.reduce((length, part) => length + part[0].length, 0) !== text.length)
    return undefined;
  const sum = parts.reduce((total, part) => total + Number(part[1]) * unitOf(part[2] ?? ''), 0);
  return Number.isNaN(sum) ? undefined : sum;
}

/** Bytes by systemd.resource-control(5): K, M, G, T to the base 1024. Undefined for `infinity` and per cent. */
export function readByteSize(text: string): number | undefined {
  const [, digits, unit = ''] = /^(\d+(?:\.\d+)?)\s*([KMGT])?B?$/i.exec(text) ?? [];
  return digits === undefined
    ? undefined
    : Number(digits) * 1024 ** ' KMGT'.indexOf(unit.toUpperCase() || ' ');
}
