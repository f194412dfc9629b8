import { parseDuration } from '@mainstay/service';
// zod/mini, not zod: the same validator, in 1.5 ms of the start in place of 8.
import {
  _default,
  coerce,
  gte,
  int,
  lte,
  minLength,
  object,
  pipe,
  prefault,
  refine,
  string,
  transform,
} from 'zod/mini';

/** `1s`, `250ms`, `1h30m`, as milliseconds. */
const duration = pipe(
  string().check(refine((text) => isDuration(text), 'Write a number with a unit, such as 250ms, 1s or 5m')),
  transform((text) => parseDuration(text)),
);

export const configSchema = object({
  interval: pipe(
    prefault(duration, '1s'),
    transform((ms) => Math.max(1, ms)),
  ),
  warmUp: prefault(
    object({
      steps: _default(coerce.number().check(int(), gte(0), lte(1_000)), 4),
      step: prefault(duration, '250ms'),
    }),
    {},
  ),
  /** Directory of the state; service managers give an installed service one of its own. */
  data: _default(string().check(minLength(1)), process.env['STATE_DIRECTORY'] || './data'),
});

function isDuration(text: string): boolean {
  try {
    parseDuration(text);
    return true;
  } catch {
    return false;
  }
}
