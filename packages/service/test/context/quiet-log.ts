import type { Logger, LogLevel } from '@mainstay/core';

/** A log that keeps `level message` of each line. */
export function rememberingLog(lines: string[] = []): Logger & { readonly lines: readonly string[] } {
  const method =
    (level: LogLevel) =>
    (...args: readonly unknown[]): void =>
      void lines.push(`${level} ${String(args.at(-1))}`);
  return {
    lines,
    trace: method('trace'),
    debug: method('debug'),
    info: method('info'),
    warn: method('warn'),
    error: method('error'),
    fatal: method('fatal'),
    child: () => rememberingLog(lines),
  };
}
