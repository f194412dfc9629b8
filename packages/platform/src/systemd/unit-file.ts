/** A setting; a unit may hold several of one key, and then their order matters. */
export interface UnitEntry {
  readonly key: string;
  readonly value: string;
}

export interface UnitSection {
  readonly name: string;
  readonly entries: readonly UnitEntry[];
}

/** `[Unit]`, `Key=value`, with an empty line between sections; `comment` lines come first. */
export function formatUnit(comment: readonly string[], sections: readonly UnitSection[]): string {
  const head = comment.map((line) => `# ${line}\n`).join('');
  const bodies = sections.map(
    ({ name, entries }) => `[${name}]\n${entries.map(({ key, value }) => `${key}=${value}\n`).join('')}`,
  );
  return `${head}${bodies.join('\n')}`;
}

/** Reads unit files and drop-ins (systemd.syntax(7)); what is no section and no setting is left out. */
export function parseUnit(text: string): UnitSection[] {
  const sections: Array<{ name: string; entries: UnitEntry[] }> = [];
  for (const line of joinedLines(text)) {
    const header = /^\[(.+)\]$/.exec(line);
    if (header) {
      sections.push({ name: header[1] ?? '', entries: [] });
      continue;
    }
    const at = line.indexOf('=');
    if (at > 0)
      sections.at(-1)?.entries.push({ key: line.slice(0, at).trimEnd(), value: line.slice(at + 1).trim() });
  }
  return sections;
}

/** Values of a key, in order; a section may be there more than once. */
export function valuesOf(sections: readonly UnitSection[], section: string, key: string): string[] {
  return sections
    .filter(({ name }) => name === section)
    .flatMap(({ entries }) => entries)
    .filter((entry) => entry.key === key)
    .map(({ value }) => value);
}

/** Lines without comments; one that ends with a backslash goes on in the next, the backslash becoming a space. */
function* joinedLines(text: string): Generator<string> {
  let open: string | undefined;
  for (const raw of text.split(/\r?\n/)) {
    const line = raw.trimStart();
    if (line.startsWith('#') || line.startsWith(';')) continue;
    const joined = (open ?? '') + (open === undefined ? line : raw);
    if (endsOpen(joined)) {
      open = `${joined.slice(0, -1)} `;
      continue;
    }
    open = undefined;
    if (joined.trim() !== '') yield joined.trim();
  }
  if (open !== undefined && open.trim() !== '') yield open.trim();
}

/** An odd number of backslashes: with an even one each escapes the next. */
function endsOpen(line: string): boolean {
  return ((/\\+$/.exec(line)?.[0].length ?? 0) & 1) === 1;
}
