import type { CliContext } from '../../context.ts';

/** Runs what goes on until Ctrl-C, which is how a person ends it: no failure. */
export async function followed(
  { interrupted }: CliContext,
  follow: (signal: AbortSignal) => Promise<number>,
): Promise<number> {
  const stop = (): void => interrupted.abort();
  const names = ['SIGINT', 'SIGTERM'] as const;
  for (const name of names) process.once(name, stop);
  try {
    return await follow(interrupted.signal);
  } catch (error) {
    if (!interrupted.signal.aborted) throw error;
    return 0;
  } finally {
    for (const name of names) process.off(name, stop);
  }
}
