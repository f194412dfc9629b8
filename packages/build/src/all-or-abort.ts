/** Waits for all, also after a failure, so that nothing runs on; then throws the first failure. */
export async function allOrAbort<const Tasks extends readonly Promise<unknown>[]>(
  failure: AbortController,
  tasks: Tasks,
): Promise<{ [Index in keyof Tasks]: Awaited<Tasks[Index]> }> {
  let first: { error: unknown } | undefined;
  const guarded = tasks.map((task) =>
    task.catch((error: unknown) => {
      first ??= { error };
      failure.abort(error);
    }),
  );
  const results = await Promise.all(guarded);
  if (first !== undefined) throw first.error;
  return results as { [Index in keyof Tasks]: Awaited<Tasks[Index]> };
}
