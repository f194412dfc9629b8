import { statSync } from 'node:fs';
import { hostname } from 'node:os';

import { messageOf } from '@mainstay/core';
import { systemClock } from '@mainstay/platform';
import { emptyManifest, logDirectoryNote, type LogLine, type SupervisorControl } from '@mainstay/supervisor';

import type { Agent, AgentOptions } from './agent-options.ts';
import { AlertDispatcher } from './alerts/alert-dispatcher.ts';
import { MetricsListener } from './api/metrics-listener.ts';
import { openApiServer } from './api/server.ts';
import { Closers } from './closers.ts';
import { EventFeed } from './event-feed.ts';
import { readManifest } from './manifest/read-manifest.ts';
import { MetricsPage } from './metrics/index.ts';
import { NativeOutput } from './native-logs/native-output.ts';
import { defaultParts } from './parts.ts';
import type { AgentParts, PartsContext } from './parts/types.ts';
import { Runners } from './runners.ts';
import { RunningAgent } from './running-agent.ts';
import { endpointIn } from './socket/endpoint.ts';
import { lockDirectories } from './state/agent-lock.ts';
import { ManifestStore } from './state/manifest-store.ts';
import { MemoryStore } from './state/memory-store.ts';
import { prepareOwnDirectory } from './state/prepare-directory.ts';

/**
 * Puts an agent together and lets it run what was applied last. Resolves when its API listens and the manifest has been
 * begun; a part that cannot be opened takes down the ones before it.
 *
 * Throws AGENT_ALREADY_RUNNING, AGENT_DIRECTORY_WRONG_OWNER, AGENT_DIRECTORY_UNWRITABLE, AGENT_SOCKET_PATH_TOO_LONG,
 * AGENT_SOCKET_FAILED, AGENT_STATE_UNWRITABLE, AGENT_MANIFEST_INVALID.
 */
export async function openAgent(options: AgentOptions): Promise<Agent> {
  const closers = new Closers(options.log);
  try {
    return await open(options, closers);
  } catch (error) {
    await closers.close();
    throw error;
  }
}

async function open(options: AgentOptions, closers: Closers): Promise<Agent> {
  const { directories, log, clock = systemClock, version = '0.0.0', serveApi = true } = options;
  const parts: AgentParts = { ...defaultParts, ...options.parts };
  const { state, runtime } = directories;
  const endpoint = serveApi ? endpointIn(runtime) : undefined;
  for (const directory of [state, runtime]) await prepareOwnDirectory(directory);
  const lock = lockDirectories([state, runtime], log);
  closers.add('lock', () => lock.release());

  const store = new ManifestStore({ directory: state, log, now: () => clock.now() });
  if (options.manifest !== undefined) await store.replace(readManifest(options.manifest));
  const alerts = new AlertDispatcher({ clock, log, host: hostname(), environment: options.environment });
  closers.add('alerts', () => alerts.close());
  const onFailing = alerts.watchPart('state', {
    failing: 'The state of the agent cannot be saved',
    solved: 'The state of the agent is saved again',
  });
  const memory = new MemoryStore({ directory: state, log, clock, onFailing });
  closers.add('memory', () => memory.close());

  const rules = (store.current?.manifest ?? emptyManifest).logs;
  const logDirectory = rules.directory ?? directories.logs;
  // A directory that the manifest names may be meant for other readers, too.
  if (rules.directory === undefined) await prepareOwnDirectory(logDirectory);
  const context: PartsContext = {
    clock,
    log,
    runtimeDirectory: runtime,
    stateDirectory: state,
    environment: options.environment,
    name: nameOf(state),
    agentExecutable: options.agentExecutable,
  };
  const logs = await parts.openLogStore(context, {
    directory: logDirectory,
    totalBytes: rules.totalBytes,
    onFailing: alerts.watchPart('logs', {
      failing: 'A log cannot be written',
      solved: 'Logs are written again',
    }),
  });
  closers.add('logs', () => logs.close());
  const processes = await parts.openProcessRunner(context);
  const runners = new Runners(parts, context, processes);
  closers.add('runners', () => runners.close());

  const events = new EventFeed(log);
  if (options.onEvent) events.watch(options.onEvent);
  const output: NativeOutput = new NativeOutput({
    clock,
    log,
    logs,
    runner: () => runners.get('native'),
    views: () => supervisor.views(),
  });
  const supervisor: SupervisorControl = parts.createSupervisor({
    clock,
    random: Math.random,
    runnerOf: (declaration) => runners.of(declaration),
    prober: parts.createProber(context),
    logs: output.store(),
    log,
    environment: { ...options.environment, MAINSTAY_AGENT_ID: context.name },
    memory,
    onEvent: (event) => events.emit(event),
  });

  const metrics = new MetricsPage({ version });
  events.watch((event) => metrics.take(event));
  events.watch((event) => alerts.take(event));
  const metricsListener = new MetricsListener({ metrics: () => agent.metrics() }, log);
  closers.add('metrics', () => metricsListener.close());

  const agent: RunningAgent = new RunningAgent({
    clock,
    log,
    id: `${clock.now().toString(36)}-${process.pid}`,
    version,
    directories: { ...directories, logs: logDirectory },
    containment: processes.containment,
    supervisor,
    output,
    store,
    events,
    openRunners: (manifest) => runners.prepare(manifest),
    takePorts: async (manifest) => {
      const tried = await Promise.allSettled([
        runners.openSockets(manifest),
        metricsListener.move(manifest.metrics.listen),
      ]);
      for (const outcome of tried) if (outcome.status === 'rejected') throw outcome.reason;
    },
    problemsOf: async (manifest) => {
      await runners.prepare(manifest);
      const running = store.current?.manifest ?? { ...manifest, services: [] };
      return parts.hostProblems(context, { manifest, running, runnerOf: (kind) => runners.get(kind) });
    },
    adopt: (manifest) => {
      alerts.configure(manifest.alerts, manifest.services);
      logs.setTotalBytes(manifest.logs.totalBytes);
      const wanted = manifest.logs.directory ?? directories.logs;
      if (wanted !== logDirectory) log.warn({ wanted, used: logDirectory }, logDirectoryNote);
    },
    renderMetrics: () =>
      metrics.render({
        views: supervisor.views(),
        statistics: logs.statistics(),
        deliveries: alerts.counts(),
        runtime: options.runtimeSnapshot?.(),
        limitsOf: (name) => supervisor.manifest().services.find((service) => service.name === name)?.limits,
      }),
    testAlerts: () => alerts.test(),
    capabilitiesOf: (kind) => runners.get(kind)?.capabilities,
    onShutdown: (how) => (options.onShutdown ? options.onShutdown(how) : void close(how)),
  });
  if (endpoint) {
    const api = await openApiServer({
      endpoint,
      backend: agent,
      log,
      now: () => clock.now(),
      onFailing: alerts.watchPart('api', {
        failing: 'The agent takes no commands',
        solved: 'The agent takes commands again',
      }),
    });
    closers.add('api', () => api.close());
  }
  await endForgotten(runners, store);
  const begun = agent.applyStored().then(
    () => undefined,
    (error: unknown) =>
      log.error({ error: messageOf(error) }, 'The manifest could not be carried out as a whole'),
  );

  let closing: Promise<void> | undefined;
  const close = async (how: { readonly force: boolean } = { force: false }): Promise<void> => {
    const isForced = how.force || closing !== undefined;
    const stopped = supervisor.shutdown({ force: isForced, leaveSurvivors: true });
    closing ??= closeAfter(stopped, closers);
    await closing;
  };

  return Object.assign(agent, {
    socketPath: endpoint?.path,
    begun,
    settled: () => supervisor.settled(),
    watchLines: (onLine: (line: LogLine) => void) => logs.watch(onLine),
    reread: () => agent.applyStored(),
    close,
  });

  async function endForgotten(of: Runners, { current, previous }: ManifestStore): Promise<void> {
    try {
      await of.endForgotten(current?.manifest, previous?.manifest, log);
    } catch (error) {
      log.warn({ error: messageOf(error) }, 'Native services of an earlier manifest could not be looked for');
    }
  }
}

async function closeAfter(stopped: Promise<void>, closers: Closers): Promise<void> {
  try {
    await stopped;
  } finally {
    await closers.close();
  }
}

/**
 * Tells the agents of one machine apart; the same for each agent of a state directory, so that it finds what the one
 * before left. Its place on disk, which no other directory has, takes no hash and so no crypto.
 */
function nameOf(stateDirectory: string): string {
  const { dev, ino } = statSync(stateDirectory, { bigint: true });
  return `${dev.toString(36)}-${ino.toString(36)}`;
}
