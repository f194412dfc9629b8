/**
 * Resolves when all that was written has been taken, however slowly somebody reads: into a pipe or socket Node writes
 * what fits and keeps the rest, which `process.exit` would lose.
 */
export async function drained(): Promise<void> {
  for (const stream of [process.stdout, process.stderr]) {
    if (stream.writableLength === 0 || stream.destroyed) continue;
    await new Promise<void>((resolve) => {
      stream.write('', () => resolve());
    });
  }
}
