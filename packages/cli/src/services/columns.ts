import { formatSize } from '@mainstay/core';
import { displayWidth, pad, truncate, type Style } from '@mainstay/service/terminal';

import { formatUptime } from './uptime.ts';
import { healthWord, stateWord, toneOf, type InstanceRow, type StateTone } from './instance-row.ts';

/** A column of the tables of `ps`, `top` and `up`. */
export interface Column {
  readonly title: string;
  readonly align: 'left' | 'right';
  /** The first to go when the terminal is narrow is the one with the highest number; 0 stays. */
  readonly spare: number;
  readonly cell: (row: InstanceRow) => string;
  readonly paint?: (text: string, row: InstanceRow, style: Style) => string;
}

const tones: Readonly<Record<StateTone, (style: Style, text: string) => string>> = {
  good: (style, text) => style.green(text),
  bad: (style, text) => style.red(text),
  busy: (style, text) => style.yellow(text),
  neutral: (style, text) => style.dim(text),
};

export const instanceColumns: readonly Column[] = [
  { title: 'SERVICE', align: 'left', spare: 0, cell: ({ label }) => label },
  {
    title: 'STATE',
    align: 'left',
    spare: 0,
    cell: stateWord,
    paint: (text, row, style) => tones[toneOf(row)](style, text),
  },
  { title: 'PID', align: 'right', spare: 5, cell: ({ instance }) => String(instance?.pid ?? '-') },
  {
    title: 'UPTIME',
    align: 'right',
    spare: 4,
    cell: ({ instance }) => (instance?.uptimeMs === undefined ? '-' : formatUptime(instance.uptimeMs)),
  },
  { title: 'RESTARTS', align: 'right', spare: 6, cell: ({ instance }) => String(instance?.restarts ?? 0) },
  { title: 'CPU', align: 'right', spare: 3, cell: ({ instance }) => percent(instance?.cpuPercent) },
  {
    title: 'MEMORY',
    align: 'right',
    spare: 2,
    cell: ({ instance }) => (instance?.memoryBytes === undefined ? '-' : formatSize(instance.memoryBytes)),
  },
  {
    title: 'HEALTH',
    align: 'left',
    spare: 1,
    cell: (row) => healthWord(row) ?? '-',
    paint(text, row, style) {
      const word = healthWord(row);
      if (word === 'failed') return style.red(text);
      return word === 'degraded' ? style.yellow(text) : text;
    },
  },
];

/** The last column, which takes the room that is left. */
export interface WideColumn {
  readonly title: string;
  readonly cell: (row: InstanceRow) => string;
}

const gap = '  ';
/** With less room than this the last column is left out. */
const leastWidth = 16;

/** Header and rows, none wider than `width`. */
export function renderRows(
  rows: readonly InstanceRow[],
  last: WideColumn,
  width: number,
  style: Style,
): { readonly header: string; readonly lines: readonly string[] } {
  const shown = fitColumns(rows, width);
  const widths = shown.map((column) => Math.min(widthOf(column, rows), width));
  const left = width - widths.reduce((sum, each) => sum + each + gap.length, 0);
  const line = (cell: (column: Column) => string, text: string, row?: InstanceRow): string => {
    const cells = shown.map((column, index) => {
      const room = widths[index] ?? 0;
      // `pad` names the side that the blanks go to.
      const padded = pad(truncate(cell(column), room), room, column.align === 'right' ? 'left' : 'right');
      return row && column.paint ? column.paint(padded, row, style) : padded;
    });
    if (left >= leastWidth) cells.push(row ? style.dim(truncate(text, left)) : truncate(text, left));
    return cells.join(gap).trimEnd();
  };
  return {
    header: style.bold(line(({ title }) => title, last.title)),
    lines: rows.map((row) => line((column) => column.cell(row), last.cell(row), row)),
  };
}

/** Leaves columns out until the rest fits. */
function fitColumns(rows: readonly InstanceRow[], width: number): readonly Column[] {
  let shown = instanceColumns;
  const total = (): number =>
    shown.reduce((sum, column) => sum + widthOf(column, rows) + gap.length, -gap.length);
  for (let spare = 6; spare > 0 && total() > width; spare -= 1)
    shown = shown.filter((column) => column.spare !== spare);
  return total() > width ? shown.slice(0, 1) : shown;
}

function widthOf(column: Column, rows: readonly InstanceRow[]): number {
  return Math.max(column.title.length, ...rows.map((row) => displayWidth(column.cell(row))));
}

function percent(value: number | undefined): string {
  return value === undefined ? '-' : `${value.toFixed(value < 10 ? 1 : 0)}%`;
}
