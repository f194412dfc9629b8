import { printable, type Output } from '@mainstay/service/terminal';
import type { OutputStream, ServiceView } from '@mainstay/supervisor';

import type { LogLine } from '../services/log-line.ts';
import type { Presenter } from './presenter.ts';
import { renderTable, type TableRow } from './table.ts';

/** A terminal that tells its size, as Node's `tty.WriteStream`. */
export interface Screen {
  readonly columns?: number;
  readonly rows?: number;
  on(event: 'resize', listener: () => void): unknown;
  off(event: 'resize', listener: () => void): unknown;
}

/** Redrawing more often than this is only flicker, in milliseconds. */
const redrawMs = 100;
/** Uptimes go on also when nothing happens. */
const tickMs = 1000;

// ECMA-48 and xterm's control sequences: alternate screen, cursor, auto-wrap, home, erase.
const enter = '\u001B[?1049h\u001B[?25l\u001B[?7l';
const leave = '\u001B[?7h\u001B[?25h\u001B[?1049l';
const home = '\u001B[H';
const eraseLine = '\u001B[K';
const eraseBelow = '\u001B[J';

/**
 * A live table on the terminal's alternate screen, which survives a change of its size and leaves the scroll-back alone.
 * What a person may want afterwards (addresses, problems, the last state) is printed when it closes.
 */
export class TablePresenter implements Presenter {
  readonly #output: Output;
  readonly #screen: Screen;
  readonly #rows = new Map<string, TableRow>();
  readonly #problems: string[] = [];
  readonly #refresh: (service: string) => ServiceView | undefined;
  #notice = 'Ctrl-C stops all';
  #pending: NodeJS.Timeout | undefined;
  readonly #ticker: NodeJS.Timeout;
  readonly #draw = (): void => this.#paint();
  readonly #restore = (): void => this.#output.out.write(leave);

  /** @param refresh gives the view of the moment, for what changes by itself */
  constructor(output: Output, screen: Screen, refresh: (service: string) => ServiceView | undefined) {
    this.#output = output;
    this.#screen = screen;
    this.#refresh = refresh;
    output.out.write(enter);
    // Whatever ends this process, short of a kill -9, gives the terminal back.
    process.once('exit', this.#restore);
    screen.on('resize', this.#draw);
    this.#ticker = setInterval(this.#draw, tickMs);
  }

  changed(view: ServiceView): void {
    const row = this.#rows.get(view.name);
    this.#rows.set(view.name, { url: row?.url, lastLine: row?.lastLine ?? '', view });
    this.#schedule();
  }

  ended(): void {
    // The row shows it.
  }

  line(view: ServiceView, line: LogLine, _raw: string, _stream: OutputStream): void {
    const row = this.#rows.get(view.name);
    // An empty line says nothing; what was before stays.
    if (line.text.trim() !== '') this.#rows.set(view.name, { url: row?.url, lastLine: line.text, view });
    this.#schedule();
  }

  url(service: string, url: string): void {
    const row = this.#rows.get(service);
    if (row) this.#rows.set(service, { ...row, url });
    this.#schedule();
  }

  problem(service: string, message: string): void {
    this.#problems.push(printable(`${service}: ${message}`));
    this.#schedule();
  }

  notice(message: string): void {
    this.#notice = message;
    this.#schedule();
  }

  close(): void {
    clearInterval(this.#ticker);
    clearTimeout(this.#pending);
    this.#screen.off('resize', this.#draw);
    process.off('exit', this.#restore);
    this.#restore();
    const { out, err } = this.#output;
    const size = { width: out.columns, height: Infinity };
    const content = { rows: [...this.#rows.values()], problems: [], notice: '' };
    const lines = renderTable(content, size, out.style);
    out.write(`${lines.join('\n').trimEnd()}\n`);
    for (const problem of this.#problems) err.write(`${err.style.red(problem)}\n`);
  }

  #schedule(): void {
    this.#pending ??= setTimeout(() => this.#paint(), redrawMs);
  }

  #paint(): void {
    clearTimeout(this.#pending);
    this.#pending = undefined;
    for (const [service, row] of this.#rows) {
      const view = this.#refresh(service);
      if (view) this.#rows.set(service, { ...row, view });
    }
    const { out } = this.#output;
    // A terminal that does not know its size says 0.
    const size = { width: this.#screen.columns || 80, height: this.#screen.rows || 24 };
    const content = { rows: [...this.#rows.values()], problems: this.#problems, notice: this.#notice };
    const lines = renderTable(content, size, out.style).map((line) => `${line}${eraseLine}`);
    out.write(`${home}${lines.join('\r\n')}${eraseBelow}`);
  }
}
