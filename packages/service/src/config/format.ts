import type { AppError } from '@mainstay/core';
import { configErrors } from './errors.ts';
import type { ConfigProblem, Origin } from './types.ts';

/** `orders.yaml:3:9`, `environment variable ORDERS_HTTP__PORT`, `--set http.port`, `defaults`. */
export function formatOrigin(origin: Origin): string {
  const name = origin.name ?? '';
  switch (origin.kind) {
    case 'default':
      return withVariables('default', origin);
    case 'env':
      return `environment variable ${name}`;
    case 'flag':
      return `--set ${name}`;
    case 'remote':
      return withVariables(`remote ${name}`, origin);
    case 'secret':
      return `secret ${name}${origin.declared ? ` in ${formatOrigin(origin.declared)}` : ''}`;
    case 'file':
    case 'profile': {
      const place = [origin.file, origin.line, origin.column].filter((part) => part !== undefined).join(':');
      return withVariables(place, origin);
    }
  }
}

function withVariables(text: string, origin: Origin): string {
  return origin.variables ? `${text} with ${origin.variables.map((name) => `$${name}`).join(', ')}` : text;
}

/** `orders.yaml:3:9: http.port: Expected a number (got "x")`. */
export function formatProblem(problem: ConfigProblem): string {
  return [problem.origin && formatOrigin(problem.origin), problem.key, problem.message]
    .filter((part) => part !== undefined)
    .join(': ');
}

/** All problems as one error, `CONFIG_INVALID`; each is a line of its message and an element of `details.problems`. */
export function configError(problems: readonly ConfigProblem[]): AppError<'CONFIG_INVALID'> {
  const count = problems.length === 1 ? '1 problem' : `${problems.length} problems`;
  const lines = problems.map((problem) => `\n  ${formatProblem(problem)}`).join('');
  return configErrors.error('CONFIG_INVALID', `The configuration has ${count}:${lines}`, {
    details: { problems },
  }) as AppError<'CONFIG_INVALID'>;
}
