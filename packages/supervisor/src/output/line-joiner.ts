import { type Header, type Piece, PieceReader } from './line-format.ts';
import type { LogLine } from './types.ts';

/** Longest text of a line that readers get at once, in bytes; what is longer comes as several that are `partial`. */
export const maxJoinedBytes = 256 * 1024;

/** A line whose end has not been read yet. */
interface BegunLine {
  readonly header: Header;
  readonly texts: string[];
  bytes: number;
}

/** Puts the pieces of a line together again. Pieces of other streams and runs may lie between them. */
export class LineJoiner {
  readonly #pieces = new PieceReader();
  readonly #begun = new Map<string, BegunLine>();

  /** @param text whole lines as they are on disk, Latin-1 */
  take(text: string, onLine: (line: LogLine) => void): void {
    let start = 0;
    for (let end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n', start)) {
      const piece = this.#pieces.read(text.slice(start, end));
      start = end + 1;
      if (!piece) continue;
      if (piece.header.end && this.#begun.size === 0) onLine(lineOf(piece.header, piece.text, false));
      else this.#join(piece, onLine);
    }
  }

  /** Hands out what has not ended and will not. */
  flush(onLine: (line: LogLine) => void, isOver: (header: Header) => boolean = () => true): void {
    for (const [key, { header, texts }] of this.#begun) {
      if (!isOver(header)) continue;
      this.#begun.delete(key);
      if (texts.length > 0) onLine(lineOf(header, texts.join(''), false));
    }
  }

  #join({ header, text }: Piece, onLine: (line: LogLine) => void): void {
    const key = `${header.service}/${header.instance}#${header.run} ${header.stream}`;
    const line = this.#begun.get(key) ?? { header, texts: [], bytes: 0 };
    line.texts.push(text);
    if (header.end) {
      this.#begun.delete(key);
      onLine(lineOf(line.header, line.texts.join(''), false));
      return;
    }
    this.#begun.set(key, line);
    line.bytes += text.length;
    if (line.bytes >= maxJoinedBytes) handOut(line, onLine);
  }
}

/** What is there of a line that is too long, up to its last whole character. */
function handOut(line: BegunLine, onLine: (line: LogLine) => void): void {
  const text = line.texts.splice(0).join('');
  const end = endOfCharacters(text);
  onLine(lineOf(line.header, text.slice(0, end), true));
  line.bytes = text.length - end;
  if (line.bytes > 0) line.texts.push(text.slice(end));
}

function lineOf(header: Header, latin1: string, partial: boolean): LogLine {
  const { service, instance, run, stream, time } = header;
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
