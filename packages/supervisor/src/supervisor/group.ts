import type { InstanceHost } from '../instance/host.ts';
import { Instance } from '../instance/instance.ts';
import type { ServiceDeclaration } from '../manifest/types.ts';
import { unmetDependencies, type UnmetDependency } from '../order/conditions.ts';
import type { RememberedService } from './options.ts';
import type { InstancePhase, ServiceView } from './types.ts';

/** From the best to the worst, for the one word that a service gets. */
const severity: readonly InstancePhase[] = [
  'running',
  'completed',
  'stopped',
  'starting',
  'stopping',
  'blocked',
  'unready',
  'waiting',
  'parked',
  'failed',
];

/** A service: its declaration and its instances. */
export class Group {
  readonly #host: InstanceHost;
  #declaration: ServiceDeclaration;
  #instances: Instance[] = [];
  #before: RememberedService | undefined;
  /** How many there should be, when that was said by hand. */
  scaled: number | undefined;
  #most = 0;
  /** Stopped by hand: it stays so over the agent's restarts. */
  isStopped: boolean;
  /** It is no longer declared, and goes when its processes have ended. */
  isRemoved = false;
  /** The latest command; what an earlier one still had to do is dropped. */
  #command: object = {};
  #turn: Promise<unknown> = Promise.resolve();

  constructor(host: InstanceHost, declaration: ServiceDeclaration, before: RememberedService | undefined) {
    this.#host = host;
    this.#declaration = declaration;
    this.#before = before;
    this.scaled = before?.instances;
    this.isStopped = before?.isStopped ?? false;
    this.resize();
  }

  get name(): string {
    return this.#declaration.name;
  }

  get declaration(): ServiceDeclaration {
    return this.#declaration;
  }

  get wanted(): number {
    return this.scaled ?? this.#declaration.instances;
  }

  /** The most that there should ever have been. */
  get most(): number {
    return this.#most;
  }

  /** All that there are, also those that are about to go. */
  get all(): readonly Instance[] {
    return this.#instances;
  }

  /** Those that should be there. */
  get instances(): readonly Instance[] {
    return this.#instances.filter((instance) => !instance.isLeaving);
  }

  get hasProcess(): boolean {
    return this.#instances.some((instance) => instance.hasProcess);
  }

  get phases(): readonly InstancePhase[] {
    return this.isRemoved ? [] : this.instances.map((instance) => instance.phase);
  }

  /** Says that there is a new command, and gives its mark. */
  begin(): object {
    this.#command = {};
    for (const instance of this.#instances) instance.wake();
    return this.#command;
  }

  get command(): object {
    return this.#command;
  }

  /** What goes through the instances one after the other is done one after the other itself. */
  inTurn<Result>(work: () => Promise<Result>): Promise<Result> {
    const done = this.#turn.then(work);
    this.#turn = done.catch(() => undefined);
    return done;
  }

  change(declaration: ServiceDeclaration): void {
    this.#declaration = declaration;
    for (const instance of this.#instances) instance.change(declaration);
  }

  /** Makes as many instances as there should be. @returns those that are new or wanted again */
  resize(): readonly Instance[] {
    this.#most = Math.max(this.#most, this.wanted);
    const added: Instance[] = [];
    for (let index = 0; index < this.wanted; index += 1) {
      const known = this.#instances.find((instance) => instance.index === index);
      if (known && !known.isLeaving) continue;
      if (known) known.isLeaving = false;
      const instance = known ?? this.#create(index);
      if (!known) this.#instances.push(instance);
      added.push(instance);
    }
    for (const instance of this.#instances) if (instance.index >= this.wanted) instance.isLeaving = true;
    this.#instances.sort((one, other) => one.index - other.index);
    return added;
  }

  /** An instance has gone; what is known of its runs stays for when it comes back. */
  drop(instance: Instance): void {
    this.#before = this.remember();
    this.#instances = this.#instances.filter((other) => other !== instance);
  }

  unmet(phasesOf: (service: string) => readonly InstancePhase[]): readonly UnmetDependency[] {
    return unmetDependencies(this.#declaration.dependsOn, phasesOf);
  }

  view(waitsFor: readonly string[]): ServiceView {
    const instances = this.#instances.map((instance) => instance.view());
    const worst = Math.max(0, ...instances.map(({ phase }) => severity.indexOf(phase)));
    return {
      name: this.name,
      runner: this.#declaration.runner,
      state: severity[worst] ?? 'stopped',
      instances,
      wanted: this.isRemoved ? 0 : this.wanted,
      waitsFor,
    };
  }

  remember(): RememberedService {
    const before = this.#before;
    const count = Math.max(before?.runs.length ?? 0, ...this.#instances.map(({ index }) => index + 1));
    const at = (index: number) => this.#instances.find((instance) => instance.index === index);
    const indexes = Array.from({ length: count }, (_, index) => index);
    return {
      instances: this.scaled,
      isStopped: this.isStopped,
      runs: indexes.map((index) => at(index)?.lastRun ?? before?.runs[index] ?? 0),
      restarts: indexes.map((index) => at(index)?.restarts.restartsByCause ?? before?.restarts[index] ?? {}),
    };
  }

  #create(index: number): Instance {
    const restartsByCause = this.#before?.restarts[index] ?? {};
    const restarts = Object.values(restartsByCause).reduce((sum, count) => sum + count, 0);
    const before = { lastRun: this.#before?.runs[index] ?? 0, restarts, restartsByCause };
    return new Instance(this.#host, { declaration: this.#declaration, index, before });
  }
}
