/** Polls until it is so. Throws what was there last when it does not come true. */
export async function until<Value>(
  what: string,
  read: () => Value | Promise<Value>,
  isSo: (value: Value) => boolean,
  withinMs = 60_000,
): Promise<Value> {
  const end = performance.now() + withinMs;
  for (;;) {
    const value = await read();
    if (isSo(value)) return value;
    if (performance.now() > end)
      throw new Error(`${what} did not come true within ${withinMs} ms: ${JSON.stringify(value)}`);
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
}
