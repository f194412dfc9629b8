import type { Instance } from '../instance/instance.ts';
import { explain } from '../explain/explain.ts';
import { emptyManifest } from '../manifest/empty.ts';
import type { Manifest } from '../manifest/types.ts';
import { withDependencies } from '../order/graph.ts';
import { addService, changeService, removeServices, resize } from './applying.ts';
import { planChanges } from '../plan/plan-changes.ts';
import { supervisionErrors } from './errors.ts';
import type { Group } from './group.ts';
import { Opening } from './opening.ts';
import type { SupervisorOptions } from './options.ts';
import { reloadInTurn, restartInTurn } from './rolling.ts';
import { Schedule } from './schedule.ts';
import { Services } from './services.ts';
import { stopInOrder } from './stopping.ts';
import type { Explanation, Plan, ServiceView, SupervisorControl } from './types.ts';
import { untilThere } from './waiting.ts';

const maxInstances = 1000;

/**
 * Keeps the services of a manifest running. Dependencies count at each start: what runs is left running when something
 * that it depends on is restarted, fails or is stopped.
 *
 * INVARIANTS: what a change does not name is not touched. A command that comes later wins over what an earlier one still
 * had to do. Nothing is started once the shutdown has begun.
 */
export class Supervisor implements SupervisorControl {
  readonly #options: SupervisorOptions;
  readonly #services: Services;
  readonly #opening: Opening;
  readonly #schedule: Schedule;
  #manifest: Manifest = emptyManifest;
  #applying: Promise<unknown> = Promise.resolve();
  #closing: Promise<void> | undefined;

  constructor(options: SupervisorOptions) {
    this.#options = options;
    const { clock, log } = options;
    this.#services = new Services(options);
    this.#opening = new Opening(options);
    const load = async () => (await import('./cron.ts')).nextTime;
    this.#schedule = new Schedule({ clock, log, load, onDue: (name) => void this.#scheduled(name) });
  }

  manifest(): Manifest {
    return this.#manifest;
  }

  views(): readonly ServiceView[] {
    this.#services.sampler.interest();
    return this.#services.groups.map((group) => group.view(this.#services.waitsFor(group)));
  }

  why(name: string): readonly Explanation[] {
    const { clock, logs } = this.#options;
    return this.#services.named([name]).flatMap((group) =>
      group.all.map((instance) =>
        explain({
          declaration: group.declaration,
          view: instance.view(),
          cause: instance.cause,
          endDetail: instance.endDetail,
          unmet: instance.phase === 'blocked' ? this.#services.explainedUnmet(group) : [],
          isStoppedByHand: group.isStopped,
          lastLines: logs.lastLines(name, instance.index),
          now: clock.now(),
        }),
      ),
    );
  }

  /**
   * Makes it so; resolves when every change has been carried out, or has failed or begun to wait. A service that does not start is no failure of the others.
   */
  async apply(manifest: Manifest): Promise<Plan> {
    this.#mustBeOpen();
    const begun = this.#applying.then(() => this.#apply(manifest));
    this.#applying = begun.catch(() => undefined);
    const { plan, done } = await begun;
    await done;
    return plan;
  }

  /** Also starts what they depend on, where that was stopped. Throws SUPERVISOR_START_FAILED. */
  async start(names: readonly string[]): Promise<void> {
    this.#mustBeOpen();
    const groups = this.#services.named(names);
    const needed = withDependencies(
      groups.map(({ name }) => name),
      (name) => this.#services.get(name)?.declaration,
    );
    for (const name of needed) {
      const group = this.#services.get(name);
      if (group && (groups.includes(group) || group.phases.includes('stopped'))) this.#toldToRun(group);
    }
    const started = groups.flatMap((group) =>
      group.instances.map((instance) => {
        const since =
          instance.hasProcess && instance.phase !== 'stopping' ? instance.lastRun - 1 : instance.lastRun;
        return { group, instance, since };
      }),
    );
    for (const name of needed) {
      const group = this.#services.get(name);
      for (const instance of group?.instances ?? [])
        if (group && (groups.includes(group) || instance.phase === 'stopped'))
          instance.send({ type: 'start', cause: 'manual' });
    }
    await this.#allThere(started);
  }

  async stop(names: readonly string[]): Promise<void> {
    const groups = this.#services.named(names);
    for (const group of groups) group.isStopped = true;
    this.#services.keeper.changedForGood();
    await stopInOrder(groups);
  }

  /** All instances at once. Throws SUPERVISOR_START_FAILED. */
  async restart(names: readonly string[]): Promise<void> {
    this.#mustBeOpen();
    const groups = this.#services.named(names);
    for (const group of groups) this.#toldToRun(group);
    const started = groups.flatMap((group) =>
      group.instances.map((instance) => ({ group, instance, since: instance.lastRun })),
    );
    for (const { instance } of started) instance.send({ type: 'restart', cause: 'manual' });
    await this.#allThere(started);
  }

  async reload(names: readonly string[]): Promise<void> {
    this.#mustBeOpen();
    const groups = this.#services.named(names);
    const results = await Promise.allSettled(groups.map((group) => reloadInTurn(this.#services.turn(group))));
    for (const result of results) if (result.status === 'rejected') throw result.reason;
  }

  async scale(name: string, instances: number): Promise<void> {
    this.#mustBeOpen();
    const [group] = this.#services.named([name]);
    if (!Number.isInteger(instances) || instances < 1 || instances > maxInstances)
      throw supervisionErrors.error(
        'SUPERVISOR_INVALID_SCALE',
        `${name} cannot have ${instances} instances; give a whole number from 1 to ${maxInstances}`,
      );
    if (!group) return;
    group.scaled = instances;
    this.#services.keeper.changedForGood();
    await resize(group);
    // One that had stopped before has nothing more to tell.
    this.#services.sweep(group);
  }

  async shutdown({
    force,
    leaveSurvivors = false,
  }: {
    readonly force: boolean;
    readonly leaveSurvivors?: boolean;
  }): Promise<void> {
    const isSecond = this.#closing !== undefined;
    this.#services.isClosing = true;
    if (leaveSurvivors)
      for (const group of this.#services.groups)
        if (this.#survives(group)) for (const instance of group.all) instance.release();
    if (force || isSecond) for (const instance of this.#services.instances()) instance.send({ type: 'kill' });
    this.#closing ??= this.#shutDown(leaveSurvivors);
    await this.#closing;
  }

  /** Resolves when there is no process and none will come by itself. */
  settled(): Promise<void> {
    return this.#services.settled();
  }

  #survives({ declaration }: Group): boolean {
    return this.#options.runnerOf(declaration).capabilities.survivesAgent;
  }

  async #shutDown(leaveSurvivors: boolean): Promise<void> {
    this.#schedule.clear();
    await stopInOrder(this.#services.groups.filter((group) => !(leaveSurvivors && this.#survives(group))));
    this.#services.sampler.close();
    this.#services.keeper.close();
  }

  /** Begins all changes; `done` waits for them. */
  async #apply(manifest: Manifest): Promise<{ readonly plan: Plan; readonly done: Promise<unknown> }> {
    const services = this.#services;
    const wantedOf = ({ name, instances }: { readonly name: string; readonly instances: number }) =>
      services.scaledBefore(name) ?? instances;
    const adopted = await this.#opening.open(manifest, wantedOf);
    this.#mustBeOpen();
    const plan = planChanges(this.#manifest, manifest);
    this.#manifest = manifest;
    const groups = (action: string) =>
      plan.changes.flatMap((change) =>
        change.action === action ? (services.get(change.service) ?? []) : [],
      );
    const work: Array<Promise<unknown>> = [removeServices(services, groups('remove'))];
    const actions = new Map(plan.changes.map(({ service, action }) => [service, action]));
    for (const declaration of manifest.services) {
      const action = actions.get(declaration.name);
      const group = services.get(declaration.name);
      if (action === 'add') work.push(addService(services, declaration, adopted));
      else if (action && group)
        work.push(changeService(services, group, { declaration, action, log: this.#options.log }));
    }
    services.relate(manifest.services);
    this.#schedule.keep(new Map(manifest.services.map(({ name, restart }) => [name, restart.schedule])));
    services.keeper.changed();
    return { plan, done: Promise.all(work) };
  }

  async #scheduled(name: string): Promise<void> {
    const group = this.#services.get(name);
    if (!group || this.#closing) return;
    await restartInTurn(this.#services.turn(group), 'schedule', {
      command: group.command,
      which: group.instances.filter((instance) => instance.hasProcess),
    });
  }

  #toldToRun(group: Group): void {
    group.begin();
    group.isStopped = false;
    this.#services.keeper.changedForGood();
  }

  #mustBeOpen(): void {
    if (!this.#services.isClosing) return;
    throw supervisionErrors.error(
      'SUPERVISOR_CLOSING',
      'The agent is shutting down, and takes no more commands',
    );
  }

  async #allThere(
    started: ReadonlyArray<{ readonly group: Group; readonly instance: Instance; readonly since: number }>,
  ): Promise<void> {
    const outcomes = await Promise.all(
      started.map(({ group, instance, since }) => untilThere(instance, since, this.#services.turn(group))),
    );
    const failed = started.filter((_, index) => outcomes[index] === 'failed');
    if (failed.length === 0) return;
    const sentences = failed.map(({ group, instance }) => {
      const explanation = this.why(group.name).find((each) => each.instance === instance.index);
      return explanation?.sentence ?? `${group.name}/${instance.index} has gone`;
    });
    throw supervisionErrors.error('SUPERVISOR_START_FAILED', sentences.join('; '), {
      details: { failed: failed.map(({ group, instance }) => `${group.name}/${instance.index}`) },
    });
  }
}
