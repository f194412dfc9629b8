import { parseKey } from '../key-path.ts';
import { nodeFromAssignments, type ConfigNode } from '../tree.ts';
import type { ConfigProblem } from '../types.ts';
import type { ConfigSource } from './source.ts';

/** `--set http.port=8080`: each element is what follows one `--set`. The last of two for one key wins. */
export function flagsSource(set: readonly string[]): ConfigSource {
  return {
    name: 'flags',
    kind: 'flag',
    load() {
      const problems: ConfigProblem[] = [];
      const assignments: Array<{ path: readonly string[]; node: ConfigNode }> = [];
      for (const [index, assignment] of set.entries()) {
        // The key ends at the first = outside quotes; the value may be anything, also nothing.
        const match = /^((?:[^="]|"(?:[^"\\]|\\.)*")+)=(.*)$/s.exec(assignment);
        const path = parseKey(match?.[1]?.trim() ?? '');
        // What cannot be read may be a value without its key, and is not shown.
        const name = path ? (match?.[1]?.trim() ?? '') : `number ${index + 1}`;
        const origin = { kind: 'flag', name } as const;
        if (!path) {
          const message = 'Not of the form --set key.path=value';
          problems.push({ code: 'CONFIG_FLAG', message, origin });
        } else if (path.includes('__proto__')) {
          const message = 'The key __proto__ is not allowed';
          problems.push({ code: 'CONFIG_FORBIDDEN_KEY', message, origin });
        } else {
          const node = { type: 'scalar', value: match?.[2] ?? '', style: 'text', origin } as const;
          assignments.push({ path, node });
        }
      }
      if (assignments.length === 0) return { problems };
      return { node: nodeFromAssignments(assignments, { kind: 'flag' }), problems };
    },
  };
}

export interface ConfigFlags {
  /** Value of the last `--config`. */
  readonly file?: string;
  readonly set: readonly string[];
  /** All other arguments, in order; everything after `--` is left alone. */
  readonly rest: readonly string[];
  readonly problems: readonly ConfigProblem[];
}

/** Takes `--config FILE` and `--set KEY=VALUE` (also with `=` after the flag) out of the arguments. */
export function parseConfigFlags(argv: readonly string[]): ConfigFlags {
  const set: string[] = [];
  const rest: string[] = [];
  const problems: ConfigProblem[] = [];
  let file: string | undefined;
  for (let index = 0; index < argv.length; index += 1) {
    const argument = argv[index] ?? '';
    if (argument === '--') {
      rest.push(...argv.slice(index));
      break;
    }
    const match = /^--(config|set)(?:=(.*))?$/s.exec(argument);
    if (!match) {
      rest.push(argument);
      continue;
    }
    const value = match[2] ?? argv[(index += 1)];
    if (value === undefined || value === '') {
      const message = match[1] === 'set' ? 'Needs key.path=value after it' : 'Needs a file after it';
      problems.push({ code: 'CONFIG_FLAG', message: `--${match[1]}: ${message}` });
    } else if (match[1] === 'set') set.push(value);
    else file = value;
  }
  return { ...(file !== undefined && { file }), set, rest, problems };
}
