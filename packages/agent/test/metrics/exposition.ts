import assert from 'node:assert/strict';

export interface ParsedFamily {
  readonly type: string;
  readonly help: string;
  readonly samples: {
    readonly name: string;
    readonly labels: Readonly<Record<string, string>>;
    readonly value: number;
  }[];
}

const samplePattern = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (\S+)$/;
const labelPattern = /^([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"(?:,|$)/;

/**
 * A strict reader of Prometheus' text format 0.0.4: HELP and TYPE once, before the samples, which belong to the family
 * and are all different. The page ends with a line feed.
 */
export function parseExposition(page: string): ReadonlyMap<string, ParsedFamily> {
  assert.ok(page.endsWith('\n'), 'the page ends with a line feed');
  const families = new Map<string, ParsedFamily>();
  const seen = new Set<string>();
  let help: { name: string; text: string } | undefined;
  let current: { name: string; family: ParsedFamily } | undefined;
  for (const line of page.split('\n')) {
    if (line === '') continue;
    const comment = /^# (HELP|TYPE) (\S+) (.+)$/.exec(line);
    if (comment) {
      const [, keyword, name, text] = comment as unknown as [string, string, string, string];
      if (keyword === 'HELP') {
        help = { name, text };
        continue;
      }
      assert.equal(help?.name, name, `HELP stands before TYPE of ${name}`);
      assert.ok(!families.has(name), `${name} comes once`);
      current = { name, family: { type: text, help: help?.text ?? '', samples: [] } };
      families.set(name, current.family);
      continue;
    }
    const match = samplePattern.exec(line);
    assert.ok(match && current, `this is a sample after its TYPE: ${line}`);
    const name = match[1] as string;
    const suffix = name.slice(current.name.length);
    const suffixes = current.family.type === 'histogram' ? ['_bucket', '_sum', '_count'] : [''];
    if (current.family.type === 'summary') suffixes.push('_sum', '_count');
    assert.ok(
      name.startsWith(current.name) && suffixes.includes(suffix),
      `${name} belongs to ${current.name}`,
    );
    const labels = parseLabels(match[2] ?? '');
    const identity = Object.entries(labels)
      .map(([label, text]) => `${label}=${text}`)
      .toSorted()
      .join();
    const key = `${name} ${identity}`;
    assert.ok(!seen.has(key), `${key} comes once`);
    seen.add(key);
    const value = match[3] === '+Inf' ? Infinity : Number(match[3]);
    // Prometheus reads numbers with Go's ParseFloat, which takes NaN in any case.
    assert.ok(!Number.isNaN(value) || /^nan$/i.test(match[3] as string), `${line} has a number`);
    current.family.samples.push({ name, labels, value });
  }
  return families;
}

function parseLabels(text: string): Record<string, string> {
  const labels: Record<string, string> = {};
  for (let rest = text; rest !== '';) {
    const match = labelPattern.exec(rest);
    assert.ok(match, `these are labels: ${rest}`);
    labels[match[1] as string] = (match[2] as string).replaceAll(/\\(["\\n])/g, (_all, escaped: string) =>
      escaped === 'n' ? '\n' : escaped,
    );
    rest = rest.slice(match[0].length);
  }
  return labels;
}
