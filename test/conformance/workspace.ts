import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { JournalEntry, Plan } from './behaviour-plan.ts';
import type { FixtureWorkspace, PlanOptions } from './harness.ts';

/** How long the suite waits for anything before it calls it failed; far above what a loaded machine needs. */
export const patienceMs = 60_000;

/** Polls until `probe` returns something; rejects with `what` after `patienceMs`. */
export async function eventually<Value>(
  what: string,
  probe: () => Value | undefined | Promise<Value | undefined>,
): Promise<Value> {
  const end = performance.now() + patienceMs;
  for (;;) {
    const value = await probe();
    if (value !== undefined) return value;
    if (performance.now() > end) throw new Error(`Waited ${patienceMs} ms in vain: ${what}`);
    await sleep(10);
  }
}

/** Makes the directory that a test and its fixture share. */
export function createWorkspace(plan: PlanOptions): FixtureWorkspace {
  const directory = mkdtempSync(join(tmpdir(), 'mainstay-conformance-'));
  const gates = join(directory, 'gates');
  const journalFile = join(directory, 'journal.jsonl');
  const planFile = join(directory, 'plan.json');
  const lockFile = join(directory, 'fixture.lock');
  mkdirSync(gates);
  const journal = (): readonly JournalEntry[] => {
    if (!existsSync(journalFile)) return [];
    const lines = readFileSync(journalFile, 'utf8').split('\n').slice(0, -1);
    return lines.map((line) => JSON.parse(line) as JournalEntry);
  };
  const workspace: FixtureWorkspace = {
    directory,
    planFile,
    lockFile,
    plan,
    write(toHostPath = (path) => path) {
      const lock = plan.lock === undefined ? {} : { lock: toHostPath(plan.lock || lockFile) };
      const full: Plan = {
        start: [],
        stop: [],
        ...plan,
        ...lock,
        journal: toHostPath(journalFile),
        gates: toHostPath(gates),
      };
      writeFileSync(planFile, JSON.stringify(full));
    },
    open: (gate) => writeFileSync(join(gates, gate), ''),
    journal,
    journaled: (event) =>
      eventually(`journal entry "${event}"`, () => journal().find((entry) => entry.event === event)),
    remove: () => rmSync(directory, { recursive: true, force: true }),
  };
  return workspace;
}
