import { parseArgs } from 'node:util';

export interface SoakOptions {
  readonly seconds: number;
  readonly seed: number;
  /** Where the result goes as JSON. */
  readonly json: string | undefined;
}

export const help = `Keeps about 20 services under an agent while faults come at random, and says what was wrong.

  npm run soak                                   10 minutes
  npm run soak -- --minutes 60 --seed 7          an hour, with the faults of seed 7
  npm run soak -- --seconds 20 --json soak.json  short, with the result in a file

  --minutes N   how long (default 10)
  --seconds N   the same in seconds
  --seed N      chooses the faults (default: from the time); it is printed
  --json FILE   writes the result there
  --help        this text

Exits with 0 when every invariant held, with 1 when one was broken, with 2 for a wrong command line.
As root on Linux it also fills the disk of the logs, which is a tmpfs of its own then.`;

/** Undefined when help was asked for. Throws on a wrong command line. */
export function parseOptions(args: readonly string[]): SoakOptions | undefined {
  const { values } = parseArgs({
    args: [...args],
    options: {
      minutes: { type: 'string' },
      seconds: { type: 'string' },
      seed: { type: 'string' },
      json: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return undefined;
  const minutes = positive('--minutes', values.minutes ?? '10');
  return {
    seconds: values.seconds === undefined ? minutes * 60 : positive('--seconds', values.seconds),
    seed: values.seed === undefined ? Date.now() % 1_000_000 : positive('--seed', values.seed),
    json: values.json,
  };
}

function positive(name: string, text: string): number {
  const value = Number(text);
  if (Number.isFinite(value) && value > 0) return value;
  throw new Error(`${name} wants a number above 0, and got ${JSON.stringify(text)}`);
}
