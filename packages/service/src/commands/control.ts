import { ExitCode, stopAllowanceMs, type ManagerAction, type ServiceInfo } from '@mainstay/core';

import {
  printJson,
  targetOf,
  type CommandContext,
  type JsonOption,
  type Target,
  type TargetOptions,
} from './context.ts';
import { limitsOf } from './spec.ts';
import { infoJson } from './status.ts';
import { ProgressLine } from './terminal/index.ts';

export interface ControlOptions extends TargetOptions, JsonOption {
  readonly dryRun?: boolean;
  readonly timeout?: number;
}

interface Wording {
  readonly doing: string;
  readonly done: string;
  readonly already: string;
  /** States in which there is nothing to do. */
  readonly idle: readonly ServiceInfo['state'][];
}

const wordings: Readonly<Record<ManagerAction, Wording>> = {
  start: { doing: 'start', done: 'Started', already: 'runs already', idle: ['running'] },
  stop: { doing: 'stop', done: 'Stopped', already: 'does not run', idle: ['stopped', 'failed'] },
  restart: { doing: 'restart', done: 'Restarted', already: '', idle: [] },
  pause: { doing: 'pause', done: 'Paused', already: 'is paused already', idle: ['paused'] },
  continue: { doing: 'resume', done: 'Resumed', already: 'runs already', idle: ['running'] },
  reload: { doing: 'reload', done: 'Reloaded', already: '', idle: [] },
};

/** `start`, `stop`, `restart`, `pause`, `resume`, `reload`: asks, waits for the state, says what became of it. */
export async function control(
  context: CommandContext,
  action: ManagerAction,
  options: ControlOptions,
): Promise<number> {
  const target = await targetOf(context, options);
  const { out } = context.output;
  const wording = wordings[action];
  const before = await target.manager.query(target.name);
  const idle = wording.idle.includes(before.state);
  if (options.dryRun) {
    if (options.json) printJson(context, { ...infoJson(before), dryRun: true, action, change: !idle });
    else
      out.write(
        idle
          ? `${target.name} ${wording.already}; nothing would change\n`
          : `Would ${wording.doing} ${target.name}, which is ${before.state}\n`,
      );
    return before.state === 'not-installed' ? ExitCode.notInstalled : ExitCode.ok;
  }
  const started = context.now();
  const info = await act(context, target, action, { ...options, quiet: options.json === true, silent: true });
  if (options.json) printJson(context, infoJson(info));
  else if (idle) out.write(`${target.name} ${wording.already}\n`);
  else {
    const seconds = ((context.now() - started) / 1000).toFixed(1);
    const pid = info.pid === undefined ? '' : `, pid ${info.pid}`;
    out.write(`${out.style.green(wording.done)} ${target.name} in ${seconds} s${pid}\n`);
  }
  return ExitCode.ok;
}

/** Asks the manager and shows progress while it waits; prints the outcome unless `silent`. */
export async function act(
  context: CommandContext,
  { manager, name }: Target,
  action: ManagerAction,
  options: { readonly timeout?: number; readonly quiet: boolean; readonly silent?: boolean },
): Promise<ServiceInfo> {
  const { err, out } = context.output;
  const progress = new ProgressLine(err, { now: context.now });
  try {
    const info = await manager.act(name, action, {
      timeoutMs: options.timeout ?? defaultTimeoutMs(context, action),
      signal: context.signal,
      ...(options.quiet ? {} : { onProgress: (info) => progress.update(stateText(info)) }),
    });
    progress.end();
    if (!options.quiet && !options.silent)
      out.write(`${wordings[action].done} ${name}${info.pid === undefined ? '' : `, pid ${info.pid}`}\n`);
    return info;
  } finally {
    progress.end();
  }
}

/** Added to how long the service, and then its manager, may take, in milliseconds. */
const marginMs = 15_000;

/** Longer than the service's own deadlines, so that its own failure is seen and not ours. */
export function defaultTimeoutMs(context: CommandContext, action: ManagerAction): number {
  const limits = limitsOf(context.definition);
  const startMs = limits.startTimeoutMs + marginMs;
  const stopMs = stopAllowanceMs(limits) + marginMs;
  if (action === 'start') return startMs;
  return action === 'restart' ? startMs + stopMs : stopMs;
}

/** `start-pending: Replaying 3 of 7 (pid 4711)`. */
export function stateText(info: ServiceInfo): string {
  const text = info.text === '' ? '' : `: ${info.text}`;
  return `${info.name} ${info.state}${text}${info.pid === undefined ? '' : ` (pid ${info.pid})`}`;
}
