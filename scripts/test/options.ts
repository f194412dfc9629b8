import { parseArgs } from 'node:util';
import { suites } from './suites.ts';

export interface Options {
  readonly suites: readonly string[];
  /** Only test files whose path contains one of these; none means all. */
  readonly filters: readonly string[];
  readonly json: string | undefined;
  readonly mode: 'run' | 'list' | 'help';
}

export const help = `Usage: npm test -- [PATH…] [--suite NAME,…] [--list] [--json FILE] [--help]

Runs every suite that this machine can run. What a suite needs is installed when this is root on Debian; what
cannot run is listed at the end with the reason. PATH keeps the test files whose path contains it.

Suites:
${suites.map(({ name, about }) => `  ${name.padEnd(14)}${about}`).join('\n')}

Options:
  --suite NAME,…  only these suites
  --list          print the test files of each suite, and run none
  --json FILE     write the results as JSON, too
  --help          print this

Environment:
  MAINSTAY_TEST_CACHE  folder for Wine and root trees (default: mainstay-test in the user's cache folder)
`;

/** @throws Error for an unknown option or suite. */
export function parseOptions(argv: readonly string[]): Options {
  const { values, positionals } = parseArgs({
    args: [...argv],
    allowPositionals: true,
    options: {
      suite: { type: 'string', multiple: true },
      list: { type: 'boolean', default: false },
      json: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  });
  const known = suites.map(({ name }) => name);
  const chosen = (values.suite ?? []).flatMap((list) => list.split(',')).filter(Boolean);
  const unknown = chosen.filter((name) => !known.includes(name));
  if (unknown.length > 0)
    throw new Error(`Unknown suite ${unknown.join(', ')}: choose from ${known.join(', ')}`);
  return {
    suites: chosen.length > 0 ? chosen : known,
    filters: positionals.map((path) => path.replace(/^\.\//, '').replaceAll('\\', '/')),
    json: values.json,
    mode: values.help ? 'help' : values.list ? 'list' : 'run',
  };
}
