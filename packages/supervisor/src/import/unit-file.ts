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

/** Milliseconds of a time span by systemd.time(7): `5min 20s`; a bare number is seconds. Undefined for `infinity`. */
export function readTimeSpan(text: string): number | undefined {
  const units: Readonly<Record<string, number>> = {
    ...{ us: 0.001, usec: 0.001, ms: 1, msec: 1, '': 1000, s: 1000, sec: 1000, second: 1000, seconds: 1000 },
    ...{ m: 60_000, min: 60_000, minute: 60_000, minutes: 60_000, h: 3_600_000, hr: 3_600_000 },
    ...{ hour: 3_600_000, hours: 3_600_000, d: 86_400_000, day: 86_400_000, days: 86_400_000 },
    ...{ w: 604_800_000, week: 604_800_000, weeks: 604_800_000 },
  };
  const parts = [...text.matchAll(/(\d+(?:\.\d+)?)\s*([a-z]*)\s*/giy)];
  if (parts.length === 0 || parts.reduce((length, part) => length + part[0].length, 0) !== text.length)
    return undefined;
  const sum = parts.reduce(
    (total, part) => total + Number(part[1]) * (units[part[2] ?? ''] ?? Number.NaN),
    0,
  );
  return Number.isNaN(sum) ? undefined : sum;
}

/** Bytes by systemd.resource-control(5): K, M, G, T to the base 1024. Undefined for `infinity` and per cent. */
export function readByteSize(text: string): number | undefined {
  const [, digits, unit = ''] = /^(\d+(?:\.\d+)?)\s*([KMGT])?B?$/i.exec(text) ?? [];
  return digits === undefined
    ? undefined
    : Number(digits) * 1024 ** ' KMGT'.indexOf(unit.toUpperCase() || ' ');
}
