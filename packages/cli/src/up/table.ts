import { truncate, type Style } from '@mainstay/service/terminal';

import { renderRows } from '../services/columns.ts';
import type { InstanceRow } from '../services/instance-row.ts';

/** An instance with what `up` alone knows of it. */
export interface TableRow {
  readonly row: InstanceRow;
  readonly url: string | undefined;
  readonly lastLine: string;
}

export interface TableContent {
  readonly rows: readonly TableRow[];
  /** The newest last. */
  readonly problems: readonly string[];
  readonly notice: string;
}

/**
 * The screen of `up` as lines; none is wider than `width`, and there are at most `height` of them. Text from services
 * has no escapes left when it comes here.
 */
export function renderTable(
  content: TableContent,
  size: { readonly width: number; readonly height: number },
  style: Style,
): string[] {
  const lastLines = new Map(content.rows.map(({ row, lastLine }) => [row, lastLine]));
  const last = { title: 'LAST LOG', cell: (row: InstanceRow) => lastLines.get(row) ?? '' };
  const rows = content.rows.map(({ row }) => row);
  const { header, lines } = renderRows(rows, last, size.width, style);
  const below = footer(content, size.width, style);
  const room = Math.max(1, size.height - 1 - below.length);
  const fitting =
    lines.length <= room
      ? lines
      : [...lines.slice(0, room - 1), truncate(`… and ${lines.length - room + 1} more`, size.width)];
  return [header, ...fitting, ...below].slice(0, size.height);
}

function footer({ rows, problems, notice }: TableContent, width: number, style: Style): string[] {
  const urls = rows.flatMap(({ row, url }) =>
    url === undefined ? [] : [style.cyan(truncate(`${row.label}: ${url}`, width))],
  );
  const recent = problems.slice(-3).map((problem) => style.red(truncate(problem, width)));
  const last = notice === '' ? [] : [style.dim(truncate(notice, width))];
  return ['', ...urls, ...recent, ...last];
}
