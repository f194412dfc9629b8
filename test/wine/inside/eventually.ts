import { setTimeout as sleep } from 'node:timers/promises';

const patienceMs = 20_000;
const pollMs = 20;

/** The first value that is not undefined; a look that throws has seen nothing yet. */
export async function eventually<Value>(
  what: string,
  look: () => Promise<Value | undefined> | Value | undefined,
): Promise<Value> {
  let failure: unknown;
  for (const end = performance.now() + patienceMs; performance.now() < end; await sleep(pollMs)) {
    try {
      const value = await look();
      if (value !== undefined) return value;
    } catch (error) {
      failure = error;
    }
  }
  throw new Error(`${what} did not come within ${patienceMs / 1000} s`, { cause: failure });
}
