import { median, spread, table } from '../stats.ts';
import type { Figures } from './figures.ts';

interface Row {
  readonly title: string;
  readonly values: (figures: Figures) => readonly number[];
  readonly digits: number;
}

const rows: readonly Row[] = [
  { title: 'boot, ms', values: (f) => f.bootMs, digits: 0 },
  { title: 'RSS with 0 services, MiB', values: (f) => f.empty.map((one) => one.rssMiB), digits: 1 },
  { title: 'RSS with 25, MiB', values: (f) => f.with25.map((one) => one.rssMiB), digits: 1 },
  { title: 'RSS with 100, MiB', values: (f) => f.with100.map((one) => one.rssMiB), digits: 1 },
  {
    title: 'private dirty with 100, MiB',
    values: (f) => f.with100.map((one) => one.privateDirtyMiB),
    digits: 1,
  },
  {
    title: 'idle CPU with 100, % of a core',
    values: (f) => f.with100.map((one) => one.cpuPercent),
    digits: 2,
  },
  { title: 'start 100 → all TCP-ready, ms', values: (f) => f.start100Ms, digits: 0 },
  { title: 'crash → TCP-ready, ms', values: (f) => f.crashMs, digits: 1 },
  { title: 'the same, a Node service, ms', values: (f) => f.crashNodeMs, digits: 1 },
  { title: 'restart command → TCP-ready, ms', values: (f) => f.restartMs, digits: 1 },
  {
    title: 'captured lines/s, thousands',
    values: (f) => f.lines.map((one) => one.linesPerSecond / 1000),
    digits: 0,
  },
  { title: 'CPU for them, s', values: (f) => f.lines.map((one) => one.cpuSeconds), digits: 2 },
  { title: 'lines lost', values: (f) => f.lines.map((one) => one.lost), digits: 0 },
  { title: 'requests failed in reloads', values: (f) => f.reloads.map((one) => one.failed), digits: 0 },
  { title: 'of requests', values: (f) => f.reloads.map((one) => one.requests), digits: 0 },
];

/** Medians with their range, a column for each contender, and the ratio to pm2. */
export function report(
  figures: ReadonlyMap<string, Figures>,
  bare: { readonly rssMiB: number },
  options: { readonly lines: number },
): string {
  const names = [...figures.keys()];
  const peer = figures.get('pm2');
  const cells = rows.map(({ title, values, digits }) => [
    title,
    ...names.map((name) => {
      const own = figures.get(name);
      const taken = own ? values(own) : [];
      if (taken.length === 0) return '–';
      const { median: middle, min, max } = spread(taken);
      const reference = peer && name !== 'pm2' ? median(values(peer)) : NaN;
      const ratio = Number.isFinite(reference) && reference > 0 ? ` ${(middle / reference).toFixed(2)}×` : '';
      return `${middle.toFixed(digits)} (${min.toFixed(digits)}–${max.toFixed(digits)})${ratio}`;
    }),
  ]);
  const failures = names.flatMap((name) =>
    (figures.get(name)?.failures ?? []).map((failure) => `\n${name}: ${failure}`),
  );
  return [
    `\nMedian (min–max), and × pm2. A bare Node process: ${bare.rssMiB.toFixed(1)} MiB. Lines: ${options.lines}.\n`,
    table([['', ...names], ...cells]),
    ...failures,
  ].join('\n');
}
