/** The system error code (`ENOSPC`, `EACCES` …) of an error or of the first of its causes that has one. */
export function failureCode(error: unknown): string | undefined {
  for (let current = error; current instanceof Error; current = current.cause) {
    if ('errno' in current && 'code' in current && typeof current.code === 'string') return current.code;
  }
  return undefined;
}
