import { printable, type Style } from '@mainstay/service/terminal';
import type { Plan, PlannedChange, PlannedDifference } from '@mainstay/supervisor';

const marks = {
  add: { sign: '+', text: 'will be started' },
  remove: { sign: '-', text: 'will be stopped and removed' },
  restart: { sign: '~', text: 'will be restarted' },
  scale: { sign: '~', text: 'will be scaled' },
  update: { sign: '~', text: 'will be changed without a restart' },
} as const satisfies Record<PlannedChange['action'], { readonly sign: string; readonly text: string }>;

/** True when the agent runs what the manifest says. */
export function isEmpty({ changes, settings = [] }: Plan): boolean {
  return changes.length === 0 && settings.length === 0;
}

/** What `apply` would do, as a diff. */
export function describePlan(plan: Plan, style: Style): string {
  if (isEmpty(plan)) return 'Nothing to change: the agent runs what the manifest says';
  const { changes, settings = [] } = plan;
  const ofAgent =
    settings.length === 0
      ? []
      : [[style.yellow('~ the agent will be changed'), ...differences(settings, style)].join('\n')];
  return [...changes.map((change) => describeChange(change, style)), ...ofAgent].join('\n');
}

function describeChange(change: PlannedChange, style: Style): string {
  const { sign, text } = marks[change.action];
  const head = `${sign} ${printable(change.service)} ${text}`;
  const paint = sign === '+' ? style.green : sign === '-' ? style.red : style.yellow;
  // All of a service that comes or goes is new or gone: its parts say nothing.
  const isWhole = change.action === 'add' || change.action === 'remove';
  return [paint(head), ...(isWhole ? [] : differences(change.differences, style))].join('\n');
}

function differences(all: readonly PlannedDifference[], style: Style): string[] {
  return all.flatMap(({ path, before, after, note }) => [
    ...(before === undefined ? [] : [style.red(`    - ${printable(`${path}: ${before}`)}`)]),
    ...(after === undefined ? [] : [style.green(`    + ${printable(`${path}: ${after}`)}`)]),
    ...(note === undefined ? [] : [`      ${printable(note)}`]),
  ]);
}
