import { formatSize } from '@mainstay/core';
import { displayWidth, pad, truncate, type Style } from '@mainstay/service/terminal';
import { stateOf, type ServiceView } from '@mainstay/supervisor';

import { formatUptime } from '../services/uptime.ts';

export interface TableRow {
  readonly view: ServiceView;
  readonly url: string | undefined;
  readonly lastLine: string;
}

export interface TableContent {
  readonly rows: readonly TableRow[];
  /** The newest last. */
  readonly problems: readonly string[];
  readonly notice: string;
}

interface Column {
  readonly title: string;
  readonly align: 'left' | 'right';
  /** The first to go when the terminal is narrow is the one with the highest number; 0 stays. */
  readonly spare: number;
  readonly cell: (row: TableRow) => string;
}

const columns: readonly Column[] = [
  { title: 'SERVICE', align: 'right', spare: 0, cell: ({ view }) => view.name },
  { title: 'STATE', align: 'right', spare: 0, cell: ({ view }) => stateOf(view) },
  { title: 'PID', align: 'left', spare: 5, cell: ({ view }) => String(view.pid ?? '-') },
  { title: 'UPTIME', align: 'left', spare: 4, cell: ({ view }) => uptime(view.uptimeMs) },
  { title: 'RESTARTS', align: 'left', spare: 6, cell: ({ view }) => String(view.restarts) },
  { title: 'CPU', align: 'left', spare: 3, cell: ({ view }) => percent(view.cpuPercent) },
  {
    title: 'MEMORY',
    align: 'left',
    spare: 2,
    cell: ({ view }) => (view.rssBytes === undefined ? '-' : formatSize(view.rssBytes)),
  },
  { title: 'HEALTH', align: 'right', spare: 1, cell: ({ view }) => view.health ?? '-' },
];

const gap = '  ';
const leastLogWidth = 16;

/**
 * The screen of `up` as lines; none is wider than `width`, and there are at most `height` of them. Text from services
 * has no escapes left when it comes here.
 */
export function renderTable(
  content: TableContent,
  size: { readonly width: number; readonly height: number },
  style: Style,
): string[] {
  const shown = fitColumns(content.rows, size.width);
  const widths = shown.map((column) => widthOf(column, content.rows));
  const left = size.width - widths.reduce((sum, width) => sum + width + gap.length, 0);
  const hasLog = left >= leastLogWidth;
  const cells = (texts: readonly string[], log: string): string[] => {
    const padded = texts.map((text, index) => {
      const width = Math.min(widths[index] ?? 0, size.width);
      return pad(truncate(text, width), width, shown[index]?.align === 'left' ? 'left' : 'right');
    });
    return hasLog ? [...padded, truncate(log, left)] : padded;
  };
  const header = style.bold(
    cells(
      shown.map(({ title }) => title),
      'LAST LOG',
    ).join(gap),
  );
  const rows = content.rows.map((row) => {
    const texts = cells(
      shown.map((column) => column.cell(row)),
      row.lastLine,
    );
    return texts.map((text, index) => paint(shown[index]?.title, text, row, style)).join(gap);
  });
  const below = footer(content, size.width, style);
  const room = Math.max(1, size.height - 1 - below.length);
  const fitting =
    rows.length <= room
      ? rows
      : [...rows.slice(0, room - 1), truncate(`… and ${rows.length - room + 1} more`, size.width)];
  return [header, ...fitting, ...below].slice(0, size.height);
}

function footer({ rows, problems, notice }: TableContent, width: number, style: Style): string[] {
  const urls = rows.flatMap(({ view, url }) =>
    url === undefined ? [] : [style.cyan(truncate(`${view.name}: ${url}`, width))],
  );
  const recent = problems.slice(-3).map((problem) => style.red(truncate(problem, width)));
  const last = notice === '' ? [] : [style.dim(truncate(notice, width))];
  return ['', ...urls, ...recent, ...last];
}

/** Leaves columns out until the rest fits. */
function fitColumns(rows: readonly TableRow[], width: number): readonly Column[] {
  let shown = columns;
  const total = () => shown.reduce((sum, column) => sum + widthOf(column, rows) + gap.length, -gap.length);
  for (let spare = 6; spare > 0 && total() > width; spare -= 1)
    shown = shown.filter((column) => column.spare !== spare);
  return total() > width ? shown.slice(0, 1) : shown;
}

function widthOf(column: Column, rows: readonly TableRow[]): number {
  return Math.max(column.title.length, ...rows.map((row) => displayWidth(column.cell(row))));
}

function paint(title: string | undefined, text: string, { view }: TableRow, style: Style): string {
  if (title === 'STATE') {
    if (view.phase === 'failed' || view.phase === 'parked') return style.red(text);
    return stateOf(view) === 'running' ? style.green(text) : style.yellow(text);
  }
  if (title === 'HEALTH') {
    if (view.health === 'failed') return style.red(text);
    return view.health === 'degraded' ? style.yellow(text) : text;
  }
  return title === undefined ? style.dim(text) : text;
}

function uptime(milliseconds: number | undefined): string {
  return milliseconds === undefined ? '-' : formatUptime(milliseconds);
}

function percent(value: number | undefined): string {
  return value === undefined ? '-' : `${value.toFixed(value < 10 ? 1 : 0)}%`;
}
