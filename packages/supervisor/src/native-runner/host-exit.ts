import { appendFileSync, readFileSync } from 'node:fs';
import type { ManagedEnd } from '@mainstay/core';

import type { RestartRules } from '../restart/types.ts';
import type { RunEnd } from '../runner/types.ts';

/** Custom control by which the runner has a hosted program killed with its tree; the last of the codes there are. */
export const killControl = 255;
/** What stands for an end that has no code of its own and is to be followed by a restart. */
const someFailure = 1;

/**
 * The exit code by which the SCM decides as the rules would: it starts again after a failure, and after nothing else.
 * How the program really ended is in the file of its ends. Pure.
 */
export function reportedCode(
  { exitCode, error, signal }: RunEnd,
  rules: Pick<RestartRules, 'policy' | 'neverOn' | 'successOn'>,
  wasAsked: boolean,
): number {
  if (wasAsked) return 0;
  const isFinal = exitCode !== undefined && rules.neverOn.includes(exitCode);
  if (isFinal) return 0;
  const isWell =
    !error &&
    signal === undefined &&
    exitCode !== undefined &&
    (exitCode === 0 || rules.successOn.includes(exitCode));
  if (rules.policy === 'always' || !isWell) return exitCode || someFailure;
  return 0;
}

/** Adds a line about a hosted program's end; `host` is the process that the manager knows. */
export function noteHostedEnd(file: string, host: number, end: RunEnd): void {
  const { exitCode, signal, outOfMemory } = end;
  appendFileSync(file, `${JSON.stringify({ host, exitCode, exitSignal: signal, outOfMemory })}\n`, {
    mode: 0o600,
  });
}

/** Ends of hosts, each as one of the run that `identity` is, if its process was that; oldest first. */
export function readHostedEnds(file: string, identity: string | undefined): ManagedEnd[] {
  const pid = Number(identity?.split('@', 1)[0]);
  return lines(file).flatMap((line) => {
    const end = parse(line);
    if (!end || identity === undefined || end.host !== pid) return [];
    const { exitCode, exitSignal, outOfMemory } = end;
    return [{ run: identity, exitCode, exitSignal, outOfMemory }];
  });
}

function lines(file: string): readonly string[] {
  try {
    return readFileSync(file, 'utf8').split('\n').filter(Boolean);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}

type HostedEnd = Omit<ManagedEnd, 'run'> & { readonly host: number };

/** A line that was cut off, by a machine that went down, is none. */
function parse(line: string): HostedEnd | undefined {
  try {
    return JSON.parse(line) as HostedEnd;
  } catch {
    return undefined;
  }
}
