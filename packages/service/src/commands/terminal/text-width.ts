import { stripVTControlCharacters } from 'node:util';

const segmenter = new Intl.Segmenter(undefined, { granularity: 'grapheme' });

/** Wide in every terminal: East Asian Wide and Fullwidth (Unicode TR11), and emoji shown as pictures. */
const wide =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\u33ff\u3400-\u4dbf\u4e00-\u9fff\ua000-\ua4cf\ua960-\ua97f\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|[\u{1b000}-\u{1b2ff}\u{1f200}-\u{1f2ff}\u{20000}-\u{3fffd}]|\p{Emoji_Presentation}|\ufe0f/u;

/** Marks, joiners and format characters take no column of their own. */
const zeroWidth = /^[\p{Mark}\p{Default_Ignorable_Code_Point}\p{Cf}]+$/u;

// oxlint-disable-next-line no-control-regex -- control characters are what it is about
const controls = /[\u0000-\u001f\u007f-\u009f]/g;

/** One line of text without escapes or control characters, so that it cannot move the cursor; tabs become spaces. */
export function printable(text: string): string {
  return stripVTControlCharacters(text).replaceAll('\t', '  ').replace(controls, '');
}

function graphemeWidth(grapheme: string): number {
  if (zeroWidth.test(grapheme)) return 0;
  return wide.test(grapheme) ? 2 : 1;
}

/** Columns that the text takes; escapes take none. */
export function displayWidth(text: string): number {
  const bare = stripVTControlCharacters(text);
  // Most of what is printed is ASCII, and the segmenter is slow.
  if (/^[\u0020-\u007e]*$/.test(bare)) return bare.length;
  let width = 0;
  for (const { segment } of segmenter.segment(bare)) width += graphemeWidth(segment);
  return width;
}

/** Cuts unstyled text to a number of columns; an ellipsis shows that something is missing. */
export function truncate(text: string, columns: number): string {
  if (columns <= 0) return '';
  if (displayWidth(text) <= columns) return text;
  let width = 0;
  let kept = '';
  for (const { segment } of segmenter.segment(text)) {
    width += graphemeWidth(segment);
    if (width > columns - 1) break;
    kept += segment;
  }
  return `${kept}…`;
}

/** Fills up with spaces to a number of columns. */
export function pad(text: string, columns: number, side: 'left' | 'right' = 'right'): string {
  const fill = ' '.repeat(Math.max(0, columns - displayWidth(text)));
  return side === 'right' ? text + fill : fill + text;
}
