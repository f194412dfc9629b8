import { parsePiece, type Piece } from './line-format.ts';
import type { LogLine } from './types.ts';

/** Longest text of a line that readers get at once, in bytes; what is longer comes as several that are `partial`. */
export const maxJoinedBytes = 256 * 1024;

/** Puts the pieces of a line together again. Pieces of other streams and runs may lie between them. */
export class LineJoiner {
  readonly #begun = new Map<string, { readonly first: Piece; readonly texts: string[]; bytes: number }>();

  /** @param text whole lines as they are on disk, Latin-1 */
  take(text: string, onLine: (line: LogLine) => void): void {
    let start = 0;
    for (let end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n', start)) {
      const piece = parsePiece(text.slice(start, end));
      start = end + 1;
      if (piece) this.#take(piece, onLine);
    }
  }

  /** Hands out what has not ended and will not. */
  flush(onLine: (line: LogLine) => void, isOver: (piece: Piece) => boolean = () => true): void {
    for (const [key, { first, texts }] of this.#begun) {
      if (!isOver(first)) continue;
      this.#begun.delete(key);
      if (texts.length > 0) onLine(lineOf(first, texts.join(''), false));
    }
  }

  #take(piece: Piece, onLine: (line: LogLine) => void): void {
    const key = `${piece.service}/${piece.instance}#${piece.run} ${piece.stream}`;
    const begun = this.#begun.get(key);
    if (piece.end) {
      if (begun) this.#begun.delete(key);
      onLine(lineOf(begun?.first ?? piece, begun ? begun.texts.join('') + piece.text : piece.text, false));
      return;
    }
    const line = begun ?? { first: piece, texts: [], bytes: 0 };
    if (!begun) this.#begun.set(key, line);
    line.texts.push(piece.text);
    line.bytes += piece.text.length;
    if (line.bytes < maxJoinedBytes) return;
    const text = line.texts.splice(0).join('');
    const end = endOfCharacters(text);
    onLine(lineOf(line.first, text.slice(0, end), true));
    line.bytes = text.length - end;
    if (line.bytes > 0) line.texts.push(text.slice(end));
  }
}

function lineOf(piece: Piece, latin1: string, partial: boolean): LogLine {
  const { service, instance, run, stream, time } = piece;
  return { service, instance, run, stream, time, text: decode(latin1), partial };
}

/** Bytes as text; what is not UTF-8 becomes U+FFFD. */
export function decode(latin1: string): string {
  // eslint-disable-next-line no-control-regex
  return /^[\0-\x7f]*$/.test(latin1) ? latin1 : Buffer.from(latin1, 'latin1').toString('utf8');
}

/** Where the last UTF-8 character that is not complete begins; at most three bytes before the end. */
function endOfCharacters(latin1: string): number {
  for (let back = 1; back <= 3 && back < latin1.length; back++) {
    const byte = latin1.charCodeAt(latin1.length - back);
    if (byte < 0x80) break;
    // RFC 3629: the first byte says how many there are.
    const length = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : byte >= 0xc0 ? 2 : 0;
    if (length > 0) return length > back ? latin1.length - back : latin1.length;
  }
  return latin1.length;
}
