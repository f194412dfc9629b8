import { execFile } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';

const run = promisify(execFile);

export async function systemctl(...args: string[]): Promise<string> {
  return (await run('systemctl', args)).stdout;
}

/** One property of a unit. */
export async function property(unit: string, name: string): Promise<string> {
  return (await systemctl('show', unit, `--property=${name}`, '--value')).trim();
}

/** Polls until `probe` is true; rejects with `what` after a minute. */
export async function until(what: string, probe: () => boolean | Promise<boolean>): Promise<void> {
  const end = performance.now() + 60_000;
  while (!(await probe())) {
    if (performance.now() > end) throw new Error(`Waited in vain: ${what}`);
    await delay(50);
  }
}

/** All lines that systemd and the service have logged. */
export async function journal(unit: string): Promise<string> {
  await run('journalctl', ['--sync']);
  return (await run('journalctl', ['--no-pager', '--output=cat', `--unit=${unit}`])).stdout;
}
