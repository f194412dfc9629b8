/**
 * Placeholders in configuration values.
 *
 *   template    = { text | placeholder }
 *   placeholder = "${" name [ ":" template ] "}"
 *   name        = letter or "_", then letters, digits, "_"
 *
 * Before `{` every pair of dollars is one dollar, so `$${A}` is the text `${A}` and `$$${A}` a dollar and the value
 * of A. In a default, braces that balance are text, `$}` is a lone `}`, and pairs of dollars before `}` are halved too.
 * Dollars anywhere else are themselves. The text of a variable is never read as a template again.
 */
export interface Placeholder {
  readonly name: string;
  /** The default; absent when there is no colon. */
  readonly fallback?: Template;
}

/** Normal form: no empty and no adjacent strings. */
export type Template = ReadonlyArray<string | Placeholder>;

export interface TemplateError {
  /** Index of the `${` that is at fault, in UTF-16 code units. */
  readonly offset: number;
  readonly message: string;
}

export type ParsedTemplate =
  | { readonly ok: true; readonly template: Template }
  | { readonly ok: false; readonly error: TemplateError };

/** Defaults within defaults, at most. */
export const maxTemplateDepth = 32;

const namePattern = /[A-Za-z_][A-Za-z0-9_]*/y;

/** True when the text has anything that `parseTemplate` would change. */
export function mayHavePlaceholder(text: string): boolean {
  return text.includes('${');
}

export function parseTemplate(text: string): ParsedTemplate {
  let at = 0;
  let error: TemplateError | undefined;

  function fail(offset: number, message: string): undefined {
    error ??= { offset, message };
    return undefined;
  }

  function dollars(): number {
    const from = at;
    while (text[at] === '$') at += 1;
    return at - from;
  }

  function parts(depth: number): Template | undefined {
    const out: Array<string | Placeholder> = [];
    let literal = '';
    let braces = 0;
    while (at < text.length) {
      const run = dollars();
      const next = text[at];
      const halved = next === '{' || (next === '}' && depth > 0);
      literal += '$'.repeat(halved ? run >> 1 : run);
      if (next === undefined) break;
      if (halved && run % 2 === 1 && next === '{') {
        if (literal) out.push(literal);
        literal = '';
        const found = placeholder(depth, at - 1);
        if (!found) return undefined;
        out.push(found);
        continue;
      }
      if (depth > 0 && next === '{') braces += 1;
      if (depth > 0 && next === '}' && run % 2 === 0) {
        if (braces === 0) break;
        braces -= 1;
      }
      literal += next;
      at += 1;
    }
    if (literal) out.push(literal);
    return out;
  }

  function placeholder(depth: number, start: number): Placeholder | undefined {
    if (depth >= maxTemplateDepth) {
      return fail(start, `Placeholders are nested more than ${maxTemplateDepth} deep`);
    }
    namePattern.lastIndex = at + 1;
    const name = namePattern.exec(text)?.[0];
    if (name === undefined) {
      return fail(
        start,
        'Placeholder without a variable name; write ${NAME} or ${NAME:default}, and $${ for a literal ${',
      );
    }
    at = namePattern.lastIndex;
    if (text[at] === '}') {
      at += 1;
      return { name };
    }
    if (at < text.length && text[at] !== ':') {
      return fail(
        start,
        `Placeholder \${${name}…} needs a colon or a closing brace after the name; write $\${ for a literal \${`,
      );
    }
    at += 1;
    const fallback = parts(depth + 1);
    if (!fallback) return undefined;
    if (text[at] !== '}') {
      return fail(start, `Placeholder \${${name} is not closed; add }, or write $\${ for a literal \${`);
    }
    at += 1;
    return { name, fallback };
  }

  const template = parts(0);
  return error || !template
    ? { ok: false, error: error ?? { offset: 0, message: 'Placeholder cannot be read' } }
    : { ok: true, template };
}

/** True for text that is one placeholder and nothing else. */
export function isWholePlaceholder(template: Template): boolean {
  return template.length === 1 && typeof template[0] !== 'string';
}

export interface EvaluatedTemplate {
  readonly text: string;
  /** Names that have neither a value nor a default, each once. */
  readonly missing: readonly string[];
  /** Names whose value is part of the text, each once. */
  readonly used: readonly string[];
}

/** A variable that is set counts also when it is empty. Defaults that are not needed are not looked at. */
export function evaluateTemplate(
  template: Template,
  lookup: (name: string) => string | undefined,
): EvaluatedTemplate {
  const missing = new Set<string>();
  const used = new Set<string>();
  const evaluate = (parts: Template): string =>
    parts
      .map((part) => {
        if (typeof part === 'string') return part;
        const value = lookup(part.name);
        if (value !== undefined) {
          used.add(part.name);
          return value;
        }
        if (part.fallback) return evaluate(part.fallback);
        missing.add(part.name);
        return '';
      })
      .join('');
  return { text: evaluate(template), missing: [...missing], used: [...used] };
}

/** Text as a template that evaluates to it. */
export function escapeTemplate(text: string): string {
  return text.replace(/\$+(?=\{)/g, '$&$&');
}

/**
 * The text that parses to this template. Throws a RangeError for a default with an opening brace that is not closed,
 * which the syntax cannot express.
 */
export function renderTemplate(template: Template): string {
  return renderParts(template, false);
}

function renderParts(parts: Template, inFallback: boolean): string {
  const lone = inFallback ? loneClosingBraces(parts) : undefined;
  let index = -1;
  return parts
    .map((part, position) => {
      if (typeof part !== 'string') {
        return part.fallback === undefined
          ? `\${${part.name}}`
          : `\${${part.name}:${renderParts(part.fallback, true)}}`;
      }
      // A run of dollars at the end meets the `${` of the next part, or the `}` that closes this default.
      const meetsBrace = position < parts.length - 1 || inFallback;
      return part.replace(/(\$*)([{}]|$)/g, (_all, run: string, brace: string) => {
        if (brace === '') return meetsBrace ? run + run : run;
        if (brace === '}' && !inFallback) return run + brace;
        const escape = brace === '}' && lone?.has((index += 1)) ? '$' : '';
        return run + run + escape + brace;
      });
    })
    .join('');
}

/** Which of the closing braces of one level, counted over its texts, have no opening one. */
function loneClosingBraces(parts: Template): Set<number> {
  const lone = new Set<number>();
  let open = 0;
  let index = -1;
  for (const character of parts.filter((part) => typeof part === 'string').join('')) {
    if (character === '{') open += 1;
    if (character !== '}') continue;
    index += 1;
    if (open === 0) lone.add(index);
    else open -= 1;
  }
  if (open > 0) throw new RangeError('A default with an opening brace that is not closed cannot be written');
  return lone;
}
