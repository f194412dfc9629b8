import type { ManagedState } from '@mainstay/core';

/** What is read from `launchctl print DOMAIN/LABEL`. */
export interface PrintedJob {
  readonly state: string;
  readonly pid: number | undefined;
  readonly lastExitCode: number | undefined;
  readonly lastSignal: string | undefined;
  /** How often the job was started. */
  readonly runs: number | undefined;
}

/**
 * Reads the fields of a service that stand at the first level. Apple says that this output is for people and may
 * change (launchctl(1)); there is no other source, so what is missing is left undefined. Pure.
 */
export function parsePrint(output: string): PrintedJob {
  const field = (name: string): string | undefined =>
    new RegExp(`^\\t${name} = (.*)$`, 'm').exec(output)?.[1]?.trim();
  return {
    state: field('state') ?? 'unknown',
    pid: number(field('pid')),
    // "(never exited)" has no number.
    lastExitCode: number(field('last exit code')),
    lastSignal: field('last terminating signal')?.replace(/: \d+$/, ''),
    runs: number(field('runs')),
  };
}

function number(text: string | undefined): number | undefined {
  const digits = /^-?\d+/.exec(text ?? '')?.[0];
  return digits === undefined ? undefined : Number(digits);
}

/** A job's state in the words of the lifecycle. A job that is not loaded is stopped. */
export function jobState(job: PrintedJob | undefined): ManagedState {
  if (!job) return 'stopped';
  if (job.pid !== undefined)
    return job.state === 'running' || job.state === 'xpcproxy' ? 'running' : 'stop-pending';
  if (job.state === 'spawn scheduled' || job.state === 'spawning') return 'start-pending';
  const isFailed = job.lastSignal !== undefined || (job.lastExitCode !== undefined && job.lastExitCode !== 0);
  return isFailed ? 'failed' : 'stopped';
}

/** `"label" => disabled` of `launchctl print-disabled DOMAIN`; older versions say `=> true`. */
export function isDisabled(output: string, label: string): boolean {
  const escaped = label.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  return new RegExp(`^\\s*"${escaped}" => (?:disabled|true)$`, 'm').test(output);
}
