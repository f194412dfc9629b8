import { ExitCode, messageOf } from '@mainstay/core';

import type { Output } from '../terminal/index.ts';
import { printable } from '../terminal/index.ts';

/** What one check found; `advice` says what to do about anything that is not ok. */
export interface CheckResult {
  readonly name: string;
  readonly state: 'ok' | 'warn' | 'fail';
  readonly detail: string;
  readonly advice?: string;
}

export interface Check {
  readonly name: string;
  run(): Promise<Omit<CheckResult, 'name'>>;
}

export const ok = (detail: string): Omit<CheckResult, 'name'> => ({ state: 'ok', detail });
export const warn = (detail: string, advice: string): Omit<CheckResult, 'name'> => ({
  state: 'warn',
  detail,
  advice,
});
export const fail = (detail: string, advice: string): Omit<CheckResult, 'name'> => ({
  state: 'fail',
  detail,
  advice,
});

/** Runs checks one after the other and shows each as soon as it is known. Exits 1 when one failed. */
export async function runChecks(
  checks: readonly Check[],
  output: Output,
  options: { readonly json?: boolean },
): Promise<number> {
  const results: CheckResult[] = [];
  for (const check of checks) {
    const result = { name: check.name, ...(await runOne(check)) };
    results.push(result);
    if (!options.json) write(result, output);
  }
  const failed = results.filter((result) => result.state === 'fail').length;
  const warned = results.filter((result) => result.state === 'warn').length;
  if (options.json)
    output.out.write(`${JSON.stringify({ ok: failed === 0, checks: results }, undefined, 2)}\n`);
  else output.out.write(`${results.length} checks, ${failed} failed, ${warned} with a warning\n`);
  return failed === 0 ? ExitCode.ok : ExitCode.failed;
}

/** A check that throws has failed; the others go on. */
async function runOne(check: Check): Promise<Omit<CheckResult, 'name'>> {
  try {
    return await check.run();
  } catch (error) {
    return fail(messageOf(error), 'Put right what the message names, then run doctor again');
  }
}

function write(result: CheckResult, { out }: Output): void {
  const mark = {
    ok: out.style.green('ok  '),
    warn: out.style.yellow('warn'),
    fail: out.style.red('fail'),
  }[result.state];
  out.write(`${mark}  ${result.name.padEnd(12)} ${printable(result.detail)}\n`);
  if (result.advice !== undefined && result.state !== 'ok')
    out.write(`${' '.repeat(19)}${out.style.cyan(`→ ${printable(result.advice)}`)}\n`);
}
