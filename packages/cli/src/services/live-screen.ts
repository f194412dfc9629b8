import type { TextStream } from '@mainstay/service/terminal';

/** A terminal that tells its size, as Node's `tty.WriteStream`. */
export interface Screen {
  readonly columns?: number;
  readonly rows?: number;
  on(event: 'resize', listener: () => void): unknown;
  off(event: 'resize', listener: () => void): unknown;
}

// ECMA-48 and xterm's control sequences: alternate screen, cursor, auto-wrap, home, erase.
const enter = '\u001B[?1049h\u001B[?25l\u001B[?7l';
const leave = '\u001B[?7h\u001B[?25h\u001B[?1049l';
const home = '\u001B[H';
const eraseLine = '\u001B[K';
const eraseBelow = '\u001B[J';

/**
 * The terminal's alternate screen, drawn again as a whole each time; it leaves the scroll-back alone. Whatever ends
 * this process, short of a kill -9, gives the terminal back.
 */
export class LiveScreen {
  readonly #out: TextStream;
  readonly #screen: Screen;
  readonly #keys: NodeJS.ReadStream | undefined;
  readonly #restore = (): void => this.#out.write(leave);
  readonly #redraw = (): void => this.#paint();
  readonly #take = (data: Buffer): void => this.#pressed(data);
  #listener: ((key: string) => void) | undefined;
  #render: ((width: number, height: number) => readonly string[]) | undefined;
  #wake: (() => void) | undefined;
  #left = false;

  /** @param keys where keys are read from; undefined: Ctrl-C comes as a signal, and nothing else is read */
  constructor(out: TextStream, screen: Screen, keys?: NodeJS.ReadStream) {
    this.#out = out;
    this.#screen = screen;
    out.write(enter);
    process.once('exit', this.#restore);
    screen.on('resize', this.#redraw);
    if (keys?.isTTY === true) {
      this.#keys = keys;
      keys.setRawMode(true).resume().on('data', this.#take);
    }
  }

  /** True once q or Ctrl-C was pressed. */
  get isLeft(): boolean {
    return this.#left;
  }

  /** Called with each key but those that quit. */
  onKey(listener: (key: string) => void): void {
    this.#listener = listener;
  }

  /** Lines beyond the screen's height are not shown. */
  draw(render: (width: number, height: number) => readonly string[]): void {
    this.#render = render;
    this.#paint();
  }

  /** Resolves after `ms`, at `wake`, or when it is left. */
  async pause(ms: number): Promise<void> {
    if (this.#left) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  wake(): void {
    this.#wake?.();
  }

  close(): void {
    this.#screen.off('resize', this.#redraw);
    this.#keys?.off('data', this.#take).setRawMode(false).pause();
    process.off('exit', this.#restore);
    this.#restore();
  }

  #pressed(data: Buffer): void {
    for (const key of data.toString('latin1')) {
      // Ctrl-C and Ctrl-D come as characters in raw mode.
      if (key === 'q' || key === '\u0003' || key === '\u0004') this.#left = true;
      else this.#listener?.(key);
    }
    if (this.#left) this.wake();
  }

  #paint(): void {
    // A terminal that does not know its size says 0.
    const [width, height] = [this.#screen.columns || 80, this.#screen.rows || 24];
    const lines = (this.#render?.(width, height) ?? []).slice(0, height);
    this.#out.write(`${home}${lines.map((line) => `${line}${eraseLine}`).join('\r\n')}${eraseBelow}`);
  }
}
