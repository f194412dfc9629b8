import { platformErrors } from '../errors.ts';

/** systemd.syntax(7): what separates words. */
const whitespace = ' \t\n\r';

const escapes: Readonly<Record<string, string>> = {
  a: '\u0007',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
  s: ' ',
  '\\': '\\',
  '"': '"',
  "'": "'",
};

/** Doubles `%`, which begins a specifier (systemd.unit(5)). */
export function escapeSpecifiers(text: string): string {
  return text.replaceAll('%', '%%');
}

export function unescapeSpecifiers(text: string): string {
  return text.replaceAll('%%', '%');
}

/**
 * One word of a setting that is split into words (systemd.syntax(7), "Quoting"). Specifiers and variables are not
 * touched. Throws MANAGER_INVALID_SPEC for what cannot be written: NUL, half of a surrogate pair.
 */
export function quoteWord(word: string): string {
  if (word.includes('\0') || !word.isWellFormed()) throw unwritable(word);
  if (/^[\w@%+=:,./-]+$/.test(word)) return word;
  // oxlint-disable-next-line no-control-regex -- control characters are what is escaped
  const escaped = word.replace(/[\u0000-\u001f\u007f"\\]/g, (character) => {
    if (character === '"' || character === '\\') return `\\${character}`;
    if (character === '\n') return '\\n';
    if (character === '\t') return '\\t';
    return `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`;
  });
  return `"${escaped}"`;
}

/** Words of a line; the reverse of `quoteWord`, for all that systemd.syntax(7) allows. */
export function splitWords(line: string): string[] {
  const words: string[] = [];
  let at = 0;
  while (at < line.length) {
    if (whitespace.includes(line.charAt(at))) {
      at += 1;
      continue;
    }
    let word = '';
    let quote = '';
    for (; at < line.length; at += 1) {
      const character = line.charAt(at);
      if (character === '\\') {
        const [text, length] = unescape(line, at);
        word += text;
        at += length - 1;
      } else if (quote !== '') {
        if (character === quote) quote = '';
        else word += character;
      } else if (character === '"' || character === "'") quote = character;
      else if (whitespace.includes(character)) break;
      else word += character;
    }
    words.push(word);
  }
  return words;
}

/** The character of the escape at `at`, and the length of the escape. */
function unescape(line: string, at: number): readonly [string, number] {
  const code = line.charAt(at + 1);
  const simple = escapes[code];
  if (simple !== undefined) return [simple, 2];
  const numeric = /^(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-7]{3}))/.exec(
    line.slice(at + 1, at + 10),
  );
  if (!numeric) return ['\\', 1];
  const [all, hex, unicode, long, octal] = numeric;
  const point =
    octal === undefined ? Number.parseInt(hex ?? unicode ?? long ?? '', 16) : Number.parseInt(octal, 8);
  return [point > 0x10ffff ? '\uFFFD' : String.fromCodePoint(point), all.length + 1];
}

/**
 * `ExecStart=`: the program, then its arguments. In arguments `$` begins a variable and is doubled; in the program's
 * path it does not (systemd.service(5), "Command lines").
 */
export function formatCommand(executable: string, args: readonly string[]): string {
  // oxlint-disable-next-line no-control-regex -- systemd.service(5): control characters are not allowed in the path
  if (!executable.startsWith('/') || /[\u0000-\u001f\u007f]/.test(executable)) throw unwritable(executable);
  const program = quoteWord(escapeSpecifiers(executable));
  return [program, ...args.map((arg) => quoteWord(escapeSpecifiers(arg).replaceAll('$', '$$$$')))].join(' ');
}

/** The reverse of `formatCommand`. */
export function parseCommand(value: string): string[] {
  return splitWords(value).map((word, index) => {
    const text = unescapeSpecifiers(word);
    return index === 0 ? text : text.replaceAll('$$', '$');
  });
}

/**
 * One variable of `Environment=`. Values may hold tabs and line breaks and no other control characters, and names are
 * letters, digits and underscores (systemd.exec(5)).
 */
export function formatEnvironment(name: string, value: string): string {
  // oxlint-disable-next-line no-control-regex -- see above
  if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name) || /[\u0000-\u0008\u000b-\u001f\u007f]/.test(value)) {
    throw platformErrors.error(
      'MANAGER_INVALID_SPEC',
      `Environment variable ${JSON.stringify(name)} cannot be given to systemd: its name may hold letters, digits and underscores, its value no control characters`,
      { details: { name } },
    );
  }
  return quoteWord(escapeSpecifiers(`${name}=${value}`));
}

/** Text of a setting that is not split into words, such as `Description=`: one line, trimmed. */
export function formatText(text: string): string {
  // oxlint-disable-next-line no-control-regex -- line breaks would begin the next setting
  const oneLine = text.toWellFormed().replace(/[\u0000-\u0020\u007f]+/g, ' ');
  const line = escapeSpecifiers(oneLine.trim());
  const backslashes = /\\*$/.exec(line)?.[0].length ?? 0;
  // A backslash at the end would join the next line; before a space it does not, and the space is trimmed on reading.
  return backslashes % 2 === 1 ? `${line} ` : line;
}

function unwritable(word: string): Error {
  return platformErrors.error(
    'MANAGER_INVALID_SPEC',
    `${JSON.stringify(word)} cannot be written in a systemd unit: it holds control characters or is not Unicode text, or is a program without an absolute path`,
    { details: { word } },
  );
}
