import { printable, type Output } from '@mainstay/service/terminal';

import type { InstanceRow } from '../services/instance-row.ts';
import { LiveScreen, type Screen } from '../services/live-screen.ts';
import type { LogLine } from '../services/log-line.ts';
import type { Presenter } from './presenter.ts';
import { renderTable, type TableRow } from './table.ts';

/** Redrawing more often than this is only flicker, in milliseconds. */
const redrawMs = 100;
/** Uptimes go on also when nothing happens. */
const tickMs = 1000;

/**
 * A live table on the terminal's alternate screen. What a person may want afterwards (addresses, problems, the last
 * state) is printed when it closes.
 */
export class TablePresenter implements Presenter {
  readonly #output: Output;
  readonly #screen: LiveScreen;
  readonly #rows = new Map<string, TableRow>();
  readonly #problems: string[] = [];
  readonly #refresh: () => readonly InstanceRow[];
  #notice = 'Ctrl-C stops all';
  #isClosed = false;
  #pending: NodeJS.Timeout | undefined;
  readonly #ticker: NodeJS.Timeout;

  /** @param refresh gives the views of the moment, for what changes by itself */
  constructor(output: Output, screen: Screen, refresh: () => readonly InstanceRow[]) {
    this.#output = output;
    this.#screen = new LiveScreen(output.out, screen);
    this.#refresh = refresh;
    this.#ticker = setInterval(() => this.#paint(), tickMs);
  }

  changed(row: InstanceRow): void {
    this.#set(row.label, { row });
  }

  ended(): void {
    // The row shows it.
  }

  line(label: string, { text }: LogLine): void {
    // An empty line says nothing; what was before stays.
    if (text.trim() !== '') this.#set(label, { lastLine: text });
  }

  url(label: string, url: string): void {
    this.#set(label, { url });
  }

  problem(label: string, message: string): void {
    this.#problems.push(printable(`${label}: ${message}`));
    this.#schedule();
  }

  notice(message: string): void {
    this.#notice = message;
    this.#schedule();
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    clearInterval(this.#ticker);
    clearTimeout(this.#pending);
    this.#screen.close();
    const { out, err } = this.#output;
    const content = { rows: [...this.#rows.values()], problems: [], notice: '' };
    const lines = renderTable(content, { width: out.columns, height: Infinity }, out.style);
    out.write(`${lines.join('\n').trimEnd()}\n`);
    for (const problem of this.#problems) err.write(`${err.style.red(problem)}\n`);
  }

  #set(label: string, news: Partial<TableRow>): void {
    const known = this.#rows.get(label);
    const row = news.row ?? known?.row;
    if (row) this.#rows.set(label, { url: undefined, lastLine: '', ...known, ...news, row });
    this.#schedule();
  }

  #schedule(): void {
    if (!this.#isClosed) this.#pending ??= setTimeout(() => this.#paint(), redrawMs);
  }

  #paint(): void {
    clearTimeout(this.#pending);
    this.#pending = undefined;
    const rows = this.#refresh().map((row): TableRow => {
      const known = this.#rows.get(row.label);
      return { url: known?.url, lastLine: known?.lastLine ?? '', row };
    });
    this.#rows.clear();
    for (const row of rows) this.#rows.set(row.row.label, row);
    const content = { rows, problems: this.#problems, notice: this.#notice };
    const { style } = this.#output.out;
    this.#screen.draw((width, height) => renderTable(content, { width, height }, style));
  }
}
