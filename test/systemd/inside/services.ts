import { appendFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import type { ServiceManager, ServiceSpec } from '@mainstay/core';
import type { JournalEntry, Plan } from '../../conformance/behaviour-plan.ts';

/** Node, where the sandbox of a unit can see it. */
const node = '/opt/node';
const fixture = join(import.meta.dirname, '..', '..', 'conformance', 'fixture-main.ts');
/** Not in /tmp, of which each unit has its own. */
const plans = process.getuid?.() === 0 ? '/opt/plans' : join(homedir(), 'plans');

export type FixturePlan = Partial<Omit<Plan, 'journal' | 'gates'>>;

/** The spec of a real service, from source, that does what `plan` says; unprivileged and sandboxed as installed. */
export function fixtureSpec(
  manager: ServiceManager,
  name: string,
  plan: FixturePlan = {},
  change: Partial<ServiceSpec> = {},
): ServiceSpec {
  mkdirSync(plans, { recursive: true });
  const directories = manager.directoriesFor(name);
  const planFile = join(plans, `${name}.json`);
  const full: Plan = {
    start: [],
    stop: [],
    ...plan,
    journal: journalPath(manager, name),
    gates: join(directories.state, 'gates'),
  };
  writeFileSync(planFile, JSON.stringify(full));
  return {
    name,
    displayName: name,
    description: 'A service of the test suite',
    executable: node,
    args: [fixture, 'run', '--config', planFile],
    scope: manager.scope,
    account: { type: 'virtual' },
    environment: {},
    dependencies: [],
    autoStart: true,
    delayedStart: true,
    recovery: { restart: 'on-failure', delayMs: 100, maxRestarts: 5, windowMs: 60_000 },
    startTimeoutMs: 30_000,
    stopTimeoutMs: 20_000,
    preshutdownTimeoutMs: 20_000,
    watchdogMs: 30_000,
    directories,
    ...change,
  };
}

function journalPath(manager: ServiceManager, name: string): string {
  return join(manager.directoriesFor(name).state, 'journal.jsonl');
}

/** What the service noted about itself, over all its runs. */
export function journalOf(manager: ServiceManager, name: string): JournalEntry[] {
  const text = readFileSync(journalPath(manager, name), 'utf8');
  return text
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as JournalEntry);
}

/** Opens a gate of the service's plan. */
export function openGate(manager: ServiceManager, name: string, gate: string): void {
  const gates = join(manager.directoriesFor(name).state, 'gates');
  mkdirSync(gates, { recursive: true });
  writeFileSync(join(gates, gate), '');
}

/** As somebody's editor would. */
export function editUnit(unitFile: string | undefined, line: string): void {
  appendFileSync(unitFile ?? '', `${line}\n`);
}

export function removePlans(): void {
  rmSync(plans, { recursive: true, force: true });
}
