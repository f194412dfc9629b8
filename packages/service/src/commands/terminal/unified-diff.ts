import type { Style } from './output.ts';

type Line = { readonly kind: ' ' | '-' | '+'; readonly text: string };

/** Lines of a longest common subsequence diff; definitions of services are short, so the square table is fine. */
export function diffLines(before: readonly string[], after: readonly string[]): Line[] {
  const width = after.length + 1;
  const common = new Uint32Array((before.length + 1) * width);
  for (let i = before.length - 1; i >= 0; i -= 1) {
    for (let j = after.length - 1; j >= 0; j -= 1) {
      common[i * width + j] =
        before[i] === after[j]
          ? (common[(i + 1) * width + j + 1] ?? 0) + 1
          : Math.max(common[(i + 1) * width + j] ?? 0, common[i * width + j + 1] ?? 0);
    }
  }
  const lines: Line[] = [];
  let i = 0;
  let j = 0;
  while (i < before.length || j < after.length) {
    const left = before[i];
    const right = after[j];
    if (left !== undefined && left === right) {
      lines.push({ kind: ' ', text: left });
      i += 1;
      j += 1;
    } else if (
      left !== undefined &&
      (right === undefined || (common[(i + 1) * width + j] ?? 0) >= (common[i * width + j + 1] ?? 0))
    ) {
      lines.push({ kind: '-', text: left });
      i += 1;
    } else {
      lines.push({ kind: '+', text: right ?? '' });
      j += 1;
    }
  }
  return lines;
}

const contextLines = 3;

/** A unified diff (POSIX diff -u) between two texts; undefined stands for a file that is not there. */
export function unifiedDiff(
  what: string,
  before: string | undefined,
  after: string | undefined,
  style: Style,
): string {
  const lines = diffLines(linesOf(before), linesOf(after));
  const shown = [
    style.bold(`--- ${before === undefined ? '(nothing)' : `${what} (installed)`}`),
    style.bold(`+++ ${after === undefined ? '(nothing)' : what}`),
  ];
  for (const { first, last } of hunks(lines)) {
    const old = countUpTo(lines, first, '+');
    const fresh = countUpTo(lines, first, '-');
    const part = lines.slice(first, last + 1);
    const range = (start: number, added: Line['kind']) => {
      const length = part.filter((line) => line.kind !== added).length;
      return `${length === 0 ? start : start + 1},${length}`;
    };
    shown.push(style.cyan(`@@ -${range(old, '+')} +${range(fresh, '-')} @@`));
    for (const { kind, text } of part) {
      const line = `${kind}${text}`;
      shown.push(kind === '+' ? style.green(line) : kind === '-' ? style.red(line) : line);
    }
  }
  return `${shown.join('\n')}\n`;
}

function hunks(lines: readonly Line[]): { first: number; last: number }[] {
  const found: { first: number; last: number }[] = [];
  for (const [index, line] of lines.entries()) {
    if (line.kind === ' ') continue;
    const first = Math.max(0, index - contextLines);
    const last = Math.min(lines.length - 1, index + contextLines);
    const previous = found.at(-1);
    if (previous && first <= previous.last + 1) previous.last = last;
    else found.push({ first, last });
  }
  return found;
}

function countUpTo(lines: readonly Line[], end: number, without: Line['kind']): number {
  return lines.slice(0, end).filter((line) => line.kind !== without).length;
}

function linesOf(text: string | undefined): string[] {
  if (text === undefined || text === '') return [];
  return text.replace(/\n$/, '').split('\n');
}
