import type { ServiceView } from '@mainstay/supervisor';

import type { FoundProcess } from '../fault/world/processes.ts';

/** How long something may be wrong before it counts, in milliseconds: a reload, a back-off, a stop take their time. */
const patience = { twice: 20_000, unknown: 20_000, state: 90_000 } as const;

/** Collects what is wrong; what is wrong for a moment only is not. */
export class Invariants {
  readonly broken: string[] = [];
  readonly #since = new Map<string, number>();

  /** Once; the same thing is not told again. */
  breaks(what: string): void {
    if (!this.broken.includes(what)) this.broken.push(what);
  }

  /** A new agent, and everything begins anew. */
  forget(): void {
    this.#since.clear();
  }

  /** @param disturbed services that are kept from being well right now */
  look(
    views: readonly ServiceView[],
    processes: readonly FoundProcess[],
    { at, disturbed }: { readonly at: number; readonly disturbed: ReadonlySet<string> },
  ): void {
    const wrong = new Map<string, number>();
    for (const what of twice(processes)) wrong.set(what, patience.twice);
    for (const what of unknown(views, processes)) wrong.set(what, patience.unknown);
    for (const what of unwell(views, disturbed)) wrong.set(what, patience.state);
    for (const what of this.#since.keys()) if (!wrong.has(what)) this.#since.delete(what);
    for (const [what, limit] of wrong) {
      const since = this.#since.get(what) ?? at;
      this.#since.set(what, since);
      if (at - since > limit) this.breaks(`${what} for more than ${limit / 1000} s`);
    }
  }
}

function twice(processes: readonly FoundProcess[]): readonly string[] {
  const runs = new Map<string, Set<number>>();
  for (const { service, instance, run } of processes) {
    if (service === undefined || Number.isNaN(run)) continue;
    const key = `${service}/${instance}`;
    runs.set(key, (runs.get(key) ?? new Set()).add(run));
  }
  return [...runs].flatMap(([key, numbers]) =>
    numbers.size > 1
      ? [`${key} has processes of the runs ${[...numbers].sort((one, other) => one - other).join(', ')}`]
      : [],
  );
}

/** Processes of a run that the agent does not show. */
function unknown(views: readonly ServiceView[], processes: readonly FoundProcess[]): readonly string[] {
  const shown = new Set(
    views.flatMap(({ name, instances }) => instances.map(({ instance }) => `${name}/${instance}`)),
  );
  return processes.flatMap(({ service, instance, run, pid }) =>
    service === undefined || shown.has(`${service}/${instance}`)
      ? []
      : [`Process ${pid} of ${service}/${instance}#${run} belongs to nothing that is shown`],
  );
}

function unwell(views: readonly ServiceView[], disturbed: ReadonlySet<string>): readonly string[] {
  return views.flatMap(({ name, wanted, instances }) => {
    if (disturbed.has(name)) return [];
    const running = instances.filter(({ phase }) => phase === 'running').length;
    if (running === wanted && instances.length === wanted) return [];
    return [`${name} has not its ${wanted} running instances`];
  });
}
