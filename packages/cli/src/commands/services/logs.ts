import { ExitCode } from '@mainstay/core';
import { printable } from '@mainstay/service/terminal';
import type { LogLine as StoredLine } from '@mainstay/supervisor';

import type { CliContext } from '../../context.ts';
import { readLogLine } from '../../services/log-line.ts';
import { agentFor, type AgentOptions } from './agent-options.ts';

export interface LogsOptions extends AgentOptions {
  readonly follow?: boolean;
  readonly lines: number;
  readonly instance?: number;
  /** Milliseconds since the epoch. */
  readonly since?: number;
  /** As the program wrote it, without time and name. */
  readonly raw?: boolean;
}

/** What services wrote, of all instances and runs, in the order of time. */
export async function logs(
  context: CliContext,
  names: readonly string[],
  options: LogsOptions,
): Promise<number> {
  const { signal } = context.interrupted;
  const { out } = context.output;
  const stop = (): void => context.interrupted.abort();
  // Ctrl-C is how a person ends `--follow`: no failure.
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, stop);
  const lines = agentFor(context, options).logs({
    services: names.length === 0 ? undefined : names,
    lines: options.lines,
    follow: options.follow === true,
    signal,
    ...(options.instance !== undefined && { instance: options.instance }),
    ...(options.since !== undefined && { since: options.since }),
  });
  try {
    for await (const line of lines) out.write(`${show(line, options, out.isTTY)}\n`);
  } catch (error) {
    if (!signal.aborted) throw error;
  }
  return ExitCode.ok;
}

function show(line: StoredLine, { json, raw }: LogsOptions, isTerminal: boolean): string {
  if (json) return JSON.stringify(line);
  // What a service logs may come from its users: on a terminal it must not act as a command.
  if (raw) return isTerminal ? printable(line.text) : line.text;
  const read = readLogLine(line.text);
  const level = read.level === undefined ? '' : `${read.level.toUpperCase().padEnd(5)} `;
  const stream = line.stream === 'stderr' && read.record === undefined ? '! ' : '';
  return `${localTime(line.time)} ${line.service}/${line.instance}#${line.run} | ${stream}${level}${read.text}`;
}

/** `2026-11-22 23:04:05.123`, in the time zone of who reads. */
function localTime(milliseconds: number): string {
  const date = new Date(milliseconds);
  const two = (part: number): string => String(part).padStart(2, '0');
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  const time = `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
  return `${day} ${time}.${String(date.getMilliseconds()).padStart(3, '0')}`;
}
