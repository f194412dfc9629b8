import { printable, type Style } from '@mainstay/service/terminal';
import type { Plan, PlannedChange } from '@mainstay/supervisor';

const marks = {
  add: { sign: '+', text: 'will be started' },
  remove: { sign: '-', text: 'will be stopped and removed' },
  restart: { sign: '~', text: 'will be restarted' },
  scale: { sign: '~', text: 'will be scaled' },
  update: { sign: '~', text: 'will be changed without a restart' },
} as const satisfies Record<PlannedChange['action'], { readonly sign: string; readonly text: string }>;

/** What `apply` would do, as a diff. */
export function describePlan(plan: Plan, style: Style): string {
  if (plan.changes.length === 0) return 'Nothing to change: the agent runs what the manifest says';
  return plan.changes.map((change) => describeChange(change, style)).join('\n');
}

function describeChange({ service, action, differences }: PlannedChange, style: Style): string {
  const { sign, text } = marks[action];
  const head = `${sign} ${printable(service)} ${text}`;
  const paint = sign === '+' ? style.green : sign === '-' ? style.red : style.yellow;
  // All of a service that comes or goes is new or gone: its parts say nothing.
  const shown = action === 'add' || action === 'remove' ? [] : differences;
  return [
    paint(head),
    ...shown.flatMap(({ path, before, after }) => [
      ...(before === undefined ? [] : [style.red(`    - ${printable(`${path}: ${before}`)}`)]),
      ...(after === undefined ? [] : [style.green(`    + ${printable(`${path}: ${after}`)}`)]),
    ]),
  ].join('\n');
}
