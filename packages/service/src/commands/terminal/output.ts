import { styleText } from 'node:util';

/** One of the two streams that a command writes to. */
export interface TextStream {
  write(text: string): void;
  readonly isTTY: boolean;
  /** Columns of the terminal; 80 where there is none. */
  readonly columns: number;
  readonly style: Style;
}

/** All that a command may print to; nothing else in the commands knows a console. */
export interface Output {
  /** The answer: what a program that reads this command wants. */
  readonly out: TextStream;
  /** Progress, warnings, errors: for people. */
  readonly err: TextStream;
}

type Paint = (text: string) => string;

export interface Style {
  readonly bold: Paint;
  readonly dim: Paint;
  readonly red: Paint;
  readonly green: Paint;
  readonly yellow: Paint;
  readonly cyan: Paint;
}

const plain: Paint = (text) => text;
const plainStyle: Style = { bold: plain, dim: plain, red: plain, green: plain, yellow: plain, cyan: plain };

/** ANSI colours, or none. */
export function createStyle(enabled: boolean): Style {
  if (!enabled) return plainStyle;
  const paint =
    (format: keyof Style): Paint =>
    (text) =>
      styleText(format, text, { validateStream: false });
  return {
    bold: paint('bold'),
    dim: paint('dim'),
    red: paint('red'),
    green: paint('green'),
    yellow: paint('yellow'),
    cyan: paint('cyan'),
  };
}

/** Colours on a terminal, unless NO_COLOR (no-color.org) or a dumb one; everywhere with FORCE_COLOR. */
export function wantsColor(env: NodeJS.ProcessEnv, isTTY: boolean): boolean {
  if (env.FORCE_COLOR !== undefined && env.FORCE_COLOR !== '' && env.FORCE_COLOR !== '0') return true;
  if (env.NO_COLOR !== undefined && env.NO_COLOR !== '') return false;
  return isTTY && env.TERM !== 'dumb';
}

function streamOf(stream: NodeJS.WriteStream, env: NodeJS.ProcessEnv): TextStream {
  // Node leaves it out where there is no terminal, whatever its types say.
  const isTTY = 'isTTY' in stream && stream.isTTY;
  // A reader that goes away (`logs | head`) ends the command quietly, as it does for other tools.
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(0);
    throw error;
  });
  return {
    write: (text) => void stream.write(text),
    isTTY,
    get columns() {
      return stream.columns ?? 80;
    },
    style: createStyle(wantsColor(env, isTTY)),
  };
}

/** The process's own streams. */
export function processOutput(env: NodeJS.ProcessEnv = process.env): Output {
  return { out: streamOf(process.stdout, env), err: streamOf(process.stderr, env) };
}
