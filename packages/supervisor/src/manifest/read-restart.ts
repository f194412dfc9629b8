import { messageOf } from '@mainstay/core';
import { Cron } from 'croner';

import { defaultRestartRules, type RestartRules } from '../restart/types.ts';
import { bounds } from './bounds.ts';
import type { Value } from './value.ts';

const policies = ['always', 'on-failure', 'never'] as const;

/** 2 is a wrong command line and 6 a wrong configuration of a Mainstay service, which another start does not change. */
const permanentExitCodes = [2, 6];

export function defaultRestart(type: 'service' | 'exec'): RestartRules {
  return { ...defaultRestartRules, neverOn: type === 'service' ? permanentExitCodes : [] };
}

/** A policy alone, or a map. */
export function readRestart(value: Value, defaults: RestartRules, platform: NodeJS.Platform): RestartRules {
  let rules = defaults;
  const set = (change: Partial<RestartRules>): void => {
    rules = { ...rules, ...change };
  };
  const codes = platform === 'win32' ? bounds.windowsExitCode : bounds.exitCode;
  const exitCodes = (field: Value): readonly number[] =>
    field.oneOrMore().flatMap((item) => item.integer(codes) ?? []);
  if (!value.isMap) {
    const policy = value.oneOf(policies);
    return policy ? { ...defaults, policy } : defaults;
  }
  value.block({
    policy: (field) => set({ policy: field.oneOf(policies) ?? rules.policy }),
    backoff: (field) => set(readBackoff(field) ?? {}),
    stable: (field) => set({ stableMs: field.duration(bounds.stable) ?? rules.stableMs }),
    crashLoop: (field) => set(readCrashLoop(field, rules)),
    neverOn: (field) => set({ neverOn: exitCodes(field) }),
    successOn: (field) => set({ successOn: exitCodes(field) }),
    schedule: (field) => set({ schedule: readSchedule(field) }),
  });
  const both = rules.neverOn.filter((code) => rules.successOn.includes(code));
  if (both.length > 0)
    value.refuse(`has exit code ${both.join(', ')} in neverOn and in successOn; choose one`);
  return rules;
}

/** `1s..60s`, or `5s` for a wait that stays the same. */
function readBackoff(value: Value): Pick<RestartRules, 'backoffMinMs' | 'backoffMaxMs'> | undefined {
  const text = value.text();
  if (text === undefined) return undefined;
  const [from = '', to = from, ...rest] = text.split('..');
  const backoffMinMs = value.readDuration(from, bounds.backoff);
  const backoffMaxMs = to === from ? backoffMinMs : value.readDuration(to, bounds.backoff);
  if (backoffMinMs === undefined || backoffMaxMs === undefined) return undefined;
  if (rest.length === 0 && backoffMinMs <= backoffMaxMs) return { backoffMinMs, backoffMaxMs };
  return value.refuse(`is "${text}"; write the shortest and the longest wait, such as 1s..60s`);
}

function readCrashLoop(value: Value, defaults: RestartRules): Partial<RestartRules> {
  let { crashLoopStarts, crashLoopWindowMs, parkedRetryMs } = defaults;
  value.block({
    starts: (field) => (crashLoopStarts = field.integer(bounds.crashLoopStarts) ?? crashLoopStarts),
    within: (field) => (crashLoopWindowMs = field.duration(bounds.crashLoopWindow) ?? crashLoopWindowMs),
    retry: (field) => {
      if (field.is('never')) parkedRetryMs = 0;
      else parkedRetryMs = field.duration(bounds.parkedRetry) ?? parkedRetryMs;
    },
  });
  return { crashLoopStarts, crashLoopWindowMs, parkedRetryMs };
}

/** crontab(5): minute, hour, day of month, month, day of week. */
function readSchedule(value: Value): string | undefined {
  const text = value.text();
  if (text === undefined) return undefined;
  if (text.trim().split(/\s+/).length !== 5)
    return value.refuse(`is "${text}"; write five fields, such as 0 4 * * * for every day at four`);
  try {
    if (new Cron(text, { paused: true, legacyMode: true }).nextRun()) return text;
  } catch (error) {
    return value.refuse(`is "${text}": ${messageOf(error).replace(/^Cron\w+: /, '')}`);
  }
  return value.refuse(`is "${text}", which never comes`);
}
