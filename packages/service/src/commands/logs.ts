import { ExitCode } from '@mainstay/core';

import { targetOf, type CommandContext, type JsonOption, type TargetOptions } from './context.ts';
import { printable } from './terminal/index.ts';

export interface LogsOptions extends TargetOptions, JsonOption {
  readonly follow?: boolean;
  readonly lines?: number;
  /** Milliseconds since the Unix epoch. */
  readonly since?: number;
}

/** Lines of the service's log as its manager keeps them. */
export async function logs(context: CommandContext, options: LogsOptions): Promise<number> {
  const { manager, name } = await targetOf(context, options);
  const { out } = context.output;
  const lines = manager.logs(name, {
    lines: options.lines ?? 100,
    follow: options.follow === true,
    signal: context.signal,
    ...(options.since === undefined ? {} : { since: options.since }),
  });
  try {
    for await (const line of lines) {
      // What a service logs may come from its users: on a terminal it must not act as a command.
      out.write(`${options.json ? jsonLine(line) : out.isTTY ? printable(line) : line}\n`);
    }
  } catch (error) {
    if (!context.signal.aborted) throw error;
  }
  return ExitCode.ok;
}

/** A line that is a JSON object goes through; any other becomes one. */
function jsonLine(line: string): string {
  const start = line.indexOf('{');
  try {
    const value: unknown = JSON.parse(start === -1 ? line : line.slice(start));
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return JSON.stringify(value);
  } catch {
    // Not JSON: a line of text.
  }
  return JSON.stringify({ message: line });
}
