import type { InstanceHost, Told } from '../instance/host.ts';
import type { Instance } from '../instance/instance.ts';
import type { ServiceDeclaration } from '../manifest/types.ts';
import type { ExplainedDependency } from '../explain/types.ts';
import { hindranceOf } from '../explain/hindrance.ts';
import { stepInstance } from '../instance/machine.ts';
import { isHopeless, type UnmetDependency } from '../order/conditions.ts';
import { dependentsOf } from '../order/graph.ts';
import { specOf } from './environment.ts';
import { supervisionErrors } from './errors.ts';
import { Group } from './group.ts';
import { MemoryKeeper } from './memory.ts';
import type { RememberedService, RememberedState, SupervisorOptions } from './options.ts';
import { restartInTurn, type Turn } from './rolling.ts';
import { Sampler } from './sampler.ts';
import type { InstancePhase } from './types.ts';

/** How often memory, processor and descriptors are looked at, in ms. */
const defaultSampleIntervalMs = 10_000;

/** Phases from which only a hand can bring something. */
const atRest: ReadonlySet<InstancePhase> = new Set(['stopped', 'completed', 'failed']);

/**
 * All services that there are, and what their instances need of each other.
 *
 * INVARIANT: a blocked instance is looked at again whenever anything that it waits for changes.
 */
export class Services {
  readonly #options: SupervisorOptions;
  readonly #groups = new Map<string, Group>();
  readonly #remembered: Map<string, RememberedService>;
  readonly #host: InstanceHost;
  readonly sampler: Sampler;
  readonly keeper: MemoryKeeper;
  #dependents: ReadonlyMap<string, ReadonlySet<string>> = new Map();
  #settledWaiters: Array<() => void> = [];
  /** Nothing is started any more. */
  isClosing = false;

  constructor(options: SupervisorOptions) {
    this.#options = options;
    const { clock, log, memory } = options;
    this.#remembered = new Map(Object.entries(memory.read()?.services ?? {}));
    this.#host = this.#makeHost();
    this.keeper = new MemoryKeeper({ clock, log, memory, state: () => this.#toRemember() });
    this.sampler = new Sampler({
      clock,
      intervalMs: options.sampleIntervalMs ?? defaultSampleIntervalMs,
      instances: () => this.instances(),
      onSample: ({ service, index }) => this.#tell({ type: 'changed', service, instance: index }),
    });
  }

  /** Also those that are about to go. */
  get groups(): readonly Group[] {
    return [...this.#groups.values()];
  }

  get(name: string): Group | undefined {
    return this.#groups.get(name);
  }

  *instances(): Iterable<Instance> {
    for (const group of this.#groups.values()) yield* group.all;
  }

  /** The services of these names, all when there are none. Throws SUPERVISOR_UNKNOWN_SERVICE. */
  named(names: readonly string[]): readonly Group[] {
    if (names.length === 0) return this.groups.filter((group) => !group.isRemoved);
    return [...new Set(names)].map((name) => {
      const group = this.#groups.get(name);
      if (group && !group.isRemoved) return group;
      const known = this.groups.filter((other) => !other.isRemoved).map((other) => other.name);
      throw supervisionErrors.error(
        'SUPERVISOR_UNKNOWN_SERVICE',
        `There is no service ${name}; there are: ${known.join(', ') || 'none'}`,
      );
    });
  }

  add(declaration: ServiceDeclaration): Group {
    const group = new Group(this.#host, declaration, this.#remembered.get(declaration.name));
    this.#groups.set(declaration.name, group);
    return group;
  }

  /** The services depend on each other in a new way. */
  relate(declarations: readonly ServiceDeclaration[]): void {
    this.#dependents = dependentsOf(declarations);
    for (const group of this.#groups.values()) for (const instance of group.all) instance.dependencyChanged();
    this.lookSettled();
  }

  turn(group: Group): Turn {
    return { group, isHopeless: () => this.unmet(group).some((unmet) => this.#isHopeless(unmet, new Set())) };
  }

  unmet(group: Group): readonly UnmetDependency[] {
    return group.unmet((service) => this.#groups.get(service)?.phases ?? []);
  }

  /** With what keeps each of them, for people. */
  explainedUnmet(group: Group): readonly ExplainedDependency[] {
    return this.unmet(group).map((unmet) => {
      const other = this.#groups.get(unmet.service);
      return { ...unmet, reason: other && hindranceOf(other) };
    });
  }

  /** How many instances it was scaled to by hand, by what an earlier agent remembered. */
  scaledBefore(name: string): number | undefined {
    return this.#groups.get(name)?.scaled ?? this.#remembered.get(name)?.instances;
  }

  waitsFor(group: Group): readonly string[] {
    if (!group.phases.includes('blocked')) return [];
    return this.unmet(group).map(({ service }) => service);
  }

  /** Resolves when there is no process and none will come by itself. */
  async settled(): Promise<void> {
    if (this.#isSettled()) return;
    await new Promise<void>((resolve) => this.#settledWaiters.push(resolve));
  }

  lookSettled(): void {
    if (this.#settledWaiters.length === 0 || !this.#isSettled()) return;
    for (const resolve of this.#settledWaiters.splice(0)) resolve();
  }

  /** Lets go of instances that were to go and have ended, and of services without any. */
  sweep(group: Group): void {
    for (const instance of group.all) {
      if (!instance.isLeaving || instance.phase !== 'stopped' || instance.hasProcess) continue;
      group.drop(instance);
      this.#tell({ type: 'changed', service: group.name, instance: instance.index });
    }
    if (!group.isRemoved || group.all.length > 0 || this.#groups.get(group.name) !== group) return;
    this.#groups.delete(group.name);
    this.#remembered.delete(group.name);
    this.keeper.changed();
    const { log } = this.#options;
    this.#options
      .runnerOf(group.declaration)
      .forget(group.name)
      .catch((error: unknown) =>
        log.warn({ service: group.name, err: error }, 'What its runner keeps could not be removed'),
      );
  }

  #makeHost(): InstanceHost {
    const { clock, random, prober, logs, log, environment, step = stepInstance } = this.#options;
    return {
      clock,
      random,
      step,
      prober,
      logs,
      log,
      runnerOf: (declaration) => this.#options.runnerOf(declaration),
      specOf: (declaration, instance, run) => {
        const mostInstances = this.#groups.get(declaration.name)?.most;
        const spec = specOf(declaration, { instance, run }, environment);
        return mostInstances === undefined ? spec : { ...spec, mostInstances };
      },
      areDependenciesMet: (service) => this.#areMet(service),
      tell: (event) => this.#tell(event),
      remember: () => {
        this.keeper.changedForGood();
        this.sampler.begin();
      },
      onChange: (instance, phase) => this.#changed(instance, phase),
      onMemoryExceeded: (instance, detail) => void this.#memoryExceeded(instance, detail),
    };
  }

  #areMet(service: string): boolean {
    if (this.isClosing) return false;
    const group = this.#groups.get(service);
    // One that is to stop after its dependents may end before its turn.
    if (!group || group.isRemoved || group.isStopped) return false;
    return this.unmet(group).length === 0;
  }

  #tell(event: Told): void {
    this.#options.onEvent({ ...event, at: this.#options.clock.now() });
  }

  #changed(instance: Instance, phase: object | undefined): void {
    const { service, index } = instance;
    this.#tell({ type: 'changed', service, instance: index });
    if (!phase) return;
    this.keeper.changed();
    for (const name of this.#dependents.get(service) ?? [])
      for (const dependent of this.#groups.get(name)?.all ?? []) dependent.dependencyChanged();
    const group = this.#groups.get(service);
    if (group && instance.isLeaving) this.sweep(group);
    this.lookSettled();
  }

  async #memoryExceeded(instance: Instance, detail: string): Promise<void> {
    const group = this.#groups.get(instance.service);
    if (!group) return;
    const of = { command: group.command, which: [instance], detail };
    await restartInTurn(this.turn(group), 'memory-limit', of);
  }

  /** `seen` keeps a cycle, which validation refuses, from being followed for ever. */
  #isHopeless(unmet: UnmetDependency, seen: Set<string>): boolean {
    if (isHopeless(unmet)) return true;
    const group = this.#groups.get(unmet.service);
    if (!group || seen.has(unmet.service)) return true;
    seen.add(unmet.service);
    return unmet.phases.includes('blocked') && this.unmet(group).some((next) => this.#isHopeless(next, seen));
  }

  #isSettled(): boolean {
    for (const group of this.#groups.values()) {
      const { restart } = group.declaration;
      for (const instance of group.all) {
        const { phase } = instance;
        if (instance.hasProcess) return false;
        if (atRest.has(phase) || (phase === 'parked' && restart.parkedRetryMs === 0)) continue;
        if (phase !== 'blocked' || !this.turn(group).isHopeless()) return false;
      }
    }
    return true;
  }

  #toRemember(): RememberedState {
    for (const group of this.#groups.values())
      if (!group.isRemoved) this.#remembered.set(group.name, group.remember());
    return { services: Object.fromEntries(this.#remembered) };
  }
}
