import { isAppError, messageOf, type Clock, type Logger } from '@mainstay/core';
import {
  emptyManifest,
  planChanges,
  supervisionErrors,
  type Explanation,
  type LogLine,
  type LogReadOptions,
  type Manifest,
  type Plan,
  type RunnerCapabilities,
  type RunnerKind,
  type ServiceView,
  type SupervisorControl,
  type SupervisorEvent,
} from '@mainstay/supervisor';

import type { AlertTestResult } from './alerts/alert-dispatcher.ts';
import type { Action, AgentBackend, AgentInfo, ServiceDetail } from './api/types.ts';
import type { AgentDirectories } from './directories.ts';
import { agentErrors } from './errors.ts';
import type { EventFeed } from './event-feed.ts';
import { readManifest } from './manifest/read-manifest.ts';
import type { NativeOutput } from './native-logs/native-output.ts';
import type { ManifestStore } from './state/manifest-store.ts';
import { takenBy } from './taken-addresses.ts';

export interface RunningAgentOptions {
  readonly clock: Clock;
  readonly log: Logger;
  readonly id: string;
  readonly version: string;
  readonly directories: AgentDirectories;
  readonly containment: string;
  readonly supervisor: SupervisorControl;
  readonly output: NativeOutput;
  readonly store: ManifestStore;
  readonly events: EventFeed;
  /** Opens the runners that the manifest needs; what it throws refuses the manifest. */
  readonly openRunners: (manifest: Manifest) => Promise<void>;
  /** Takes the ports that the manifest needs, and lets go of the ones that it does not; what it throws refuses it. */
  readonly takePorts: (manifest: Manifest) => Promise<void>;
  /** What this machine cannot do of it, for people. */
  readonly problemsOf: (manifest: Manifest) => Promise<readonly string[]>;
  /** The manifest has been saved, and is being carried out: alerts go by it from now on. */
  readonly adopt: (manifest: Manifest) => void;
  readonly renderMetrics: () => string | Promise<string>;
  readonly testAlerts: () => Promise<readonly AlertTestResult[]>;
  /** Undefined: not opened. */
  readonly capabilitiesOf: (kind: RunnerKind) => RunnerCapabilities | undefined;
  readonly onShutdown: (options: { readonly force: boolean }) => void;
}

/**
 * The agent as its API shows it.
 *
 * INVARIANT: a manifest is looked at as a whole, and saved, before the supervisor hears of it; one that is refused has
 * changed nothing. Manifests are taken one after the other.
 */
export class RunningAgent implements AgentBackend {
  readonly #options: RunningAgentOptions;
  readonly #startedAt: number;
  #applying: Promise<unknown> = Promise.resolve();

  constructor(options: RunningAgentOptions) {
    this.#options = options;
    this.#startedAt = options.clock.now();
  }

  info(): AgentInfo {
    const { id, version, directories, containment, store } = this.#options;
    return {
      id,
      version,
      pid: process.pid,
      startedAt: this.#startedAt,
      nodeVersion: process.version,
      platform: process.platform,
      directories,
      containment,
      appliedAt: store.current?.appliedAt,
      services: this.#current.services.length,
      rssBytes: process.memoryUsage.rss(),
      runners: this.#capabilities(),
      listens: takenBy(this.#current),
    };
  }

  views(): readonly ServiceView[] {
    return this.#options.supervisor.views();
  }

  detail(name: string): ServiceDetail {
    const service = this.views().find((view) => view.name === name);
    const declaration = this.#options.supervisor.manifest().services.find((each) => each.name === name);
    if (service && declaration) return { service, declaration };
    const names = this.#current.services.map((each) => each.name);
    throw supervisionErrors.error(
      'SUPERVISOR_UNKNOWN_SERVICE',
      `There is no service ${JSON.stringify(name)}; there are ${names.join(', ') || 'none'}`,
      { details: { name } },
    );
  }

  why(name: string): Promise<readonly Explanation[]> {
    const { supervisor, output } = this.#options;
    return output.withLastLines(name, () => supervisor.why(name));
  }

  async plan(manifest: unknown): Promise<Plan> {
    const wanted = readManifest(manifest);
    await this.#mustFit(wanted);
    return planChanges(this.#current, wanted);
  }

  async apply(manifest: unknown): Promise<Plan> {
    const wanted = readManifest(manifest);
    return this.#inTurn(async () => {
      await this.#mustFit(wanted);
      await this.#save(wanted);
      return this.#carryOut(wanted);
    });
  }

  /** Carries out what the state directory has: at the start, and when it has been told that there is something new. */
  async applyStored(): Promise<Plan | undefined> {
    return this.#inTurn(async () => {
      const stored = this.#options.store.reread();
      if (!stored) return { done: Promise.resolve(undefined) };
      const manifest = await this.#whatCanRun(stored.manifest);
      await this.#options
        .takePorts(manifest)
        .catch((error: unknown) =>
          this.#options.log.error(
            { error: messageOf(error) },
            'Not all ports could be taken; the services that want them wait',
          ),
        );
      return this.#carryOut(manifest);
    });
  }

  async act(action: Action, services: readonly string[]): Promise<void> {
    const { supervisor, log } = this.#options;
    log.info({ action, services }, 'Command received');
    await supervisor[action](services);
  }

  async scale(service: string, instances: number): Promise<void> {
    this.#options.log.info({ action: 'scale', service, instances }, 'Command received');
    await this.#options.supervisor.scale(service, instances);
  }

  logs(options: LogReadOptions): AsyncIterable<LogLine> {
    return this.#options.output.read(options);
  }

  watch(onEvent: (event: SupervisorEvent) => void): () => void {
    return this.#options.events.watch(onEvent);
  }

  metrics(): string | Promise<string> {
    return this.#options.renderMetrics();
  }

  testAlerts(): Promise<readonly AlertTestResult[]> {
    return this.#options.testAlerts();
  }

  shutdown(options: { readonly force: boolean }): void {
    this.#options.log.info(options, 'Asked to stop');
    this.#options.onShutdown(options);
  }

  #capabilities(): AgentInfo['runners'] {
    const kinds = ['process', 'native'] as const;
    return Object.fromEntries(
      kinds.flatMap((kind) => {
        const can = this.#options.capabilitiesOf(kind);
        return can ? [[kind, can]] : [];
      }),
    );
  }

  get #current(): Manifest {
    return this.#options.store.current?.manifest ?? emptyManifest;
  }

  /** Runs after what came before; what is waited for at the end does not hold up who comes next. */
  async #inTurn<Outcome>(begin: () => Promise<{ readonly done: Promise<Outcome> }>): Promise<Outcome> {
    const begun = this.#applying.then(begin);
    this.#applying = begun.catch(() => undefined);
    const { done } = await begun;
    return done;
  }

  async #save(wanted: Manifest): Promise<void> {
    const { openRunners, takePorts, store, log } = this.#options;
    const before = this.#current;
    try {
      await openRunners(wanted);
      await takePorts(wanted);
      await store.replace(wanted);
    } catch (error) {
      await takePorts(before).catch((failure: unknown) =>
        log.warn({ error: messageOf(failure) }, 'Not all ports of before could be taken again'),
      );
      throw error;
    }
  }

  /** In an object, so that waiting for its beginning is not waiting for its end. */
  #carryOut(manifest: Manifest): { readonly done: Promise<Plan> } {
    const { supervisor, adopt, log } = this.#options;
    log.info({ services: manifest.services.length }, 'Applying the manifest');
    adopt(manifest);
    return { done: supervisor.apply(manifest) };
  }

  /** A machine whose service manager does not answer still runs the rest: a restart of the agent comes at any time. */
  async #whatCanRun(manifest: Manifest): Promise<Manifest> {
    try {
      await this.#options.openRunners(manifest);
      return manifest;
    } catch (error) {
      const left = withoutNative(manifest);
      this.#options.log.error(
        { error: messageOf(error), services: manifest.services.length - left.services.length },
        'Native services, and those that depend on them, are not looked after: apply the manifest again when that is put right',
      );
      return left;
    }
  }

  /** Only services that change are looked at: what runs already is not held against a change elsewhere. */
  async #mustFit(wanted: Manifest): Promise<void> {
    const before = new Map(this.#current.services.map((service) => [service.name, JSON.stringify(service)]));
    const services = wanted.services.filter(
      (service) => before.get(service.name) !== JSON.stringify(service),
    );
    const problems = await this.#problems({ ...wanted, services });
    if (problems.length === 0) return;
    throw agentErrors.error(
      'AGENT_MANIFEST_REFUSED',
      `This machine cannot run the manifest; nothing was changed:\n${problems.map((problem) => `- ${problem}`).join('\n')}`,
      { details: { problems } },
    );
  }

  async #problems(manifest: Manifest): Promise<readonly string[]> {
    try {
      return await this.#options.problemsOf(manifest);
    } catch (error) {
      if (isAppError(error)) return [error.message];
      this.#options.log.warn(
        { error: messageOf(error) },
        'The manifest could not be compared with the machine',
      );
      return [];
    }
  }
}

function withoutNative(manifest: Manifest): Manifest {
  const out = new Set(manifest.services.flatMap(({ name, runner }) => (runner === 'native' ? [name] : [])));
  for (let before = -1; before !== out.size;) {
    before = out.size;
    for (const { name, dependsOn } of manifest.services) {
      if (dependsOn.some(({ service }) => out.has(service))) out.add(name);
    }
  }
  return { ...manifest, services: manifest.services.filter(({ name }) => !out.has(name)) };
}
