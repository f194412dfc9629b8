// zod/mini, not zod: both are the same validator, but the classic, chained API takes 8 ms of every start to load, the
// functional one 1.5 ms. Import the names, not a namespace: what is not used is left out of the executable.
import { _default, coerce, gte, int, lte, minLength, object, optional, prefault, string } from 'zod/mini';

const portNumber = coerce.number().check(int(), gte(0), lte(65_535));

export const configSchema = object({
  http: prefault(
    object({
      /** 0 for any free one. */
      port: _default(portNumber, 8080),
      host: optional(string().check(minLength(1))),
    }),
    {},
  ),
  /** Directory of the journals. */
  data: _default(string().check(minLength(1)), process.env['STATE_DIRECTORY'] || './data'),
  instances: _default(coerce.number().check(int(), gte(1), lte(64)), 1),
  maxBodyBytes: _default(coerce.number().check(int(), gte(64), lte(10_485_760)), 65_536),
});
