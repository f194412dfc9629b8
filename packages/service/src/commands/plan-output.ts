import type { ServicePlan } from '@mainstay/core';

import type { CommandContext } from './context.ts';
import { unifiedDiff } from './terminal/index.ts';

/** The plan as a unified diff against what is installed. */
export function printDiff(context: CommandContext, plan: ServicePlan): void {
  const { out } = context.output;
  for (const change of plan.changes)
    out.write(unifiedDiff(change.what, change.before, change.after, out.style));
}

/** One line for each change: created, changed, removed. */
export function printChanges(context: CommandContext, plan: ServicePlan): void {
  const { out } = context.output;
  for (const change of plan.changes) {
    const verb = change.before === undefined ? 'created' : change.after === undefined ? 'removed' : 'changed';
    out.write(`  ${verb} ${change.what}\n`);
  }
}

export function printNotes(context: CommandContext, plan: ServicePlan): void {
  const { err } = context.output;
  for (const note of plan.notes) err.write(`${err.style.yellow('Note:')} ${note}\n`);
}
