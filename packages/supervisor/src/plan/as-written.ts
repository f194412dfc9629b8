import type {
  AlertRules,
  AlertTarget,
  ListenDeclaration,
  LogRules,
  LogStoreRules,
  MetricsRules,
  ProbeRules,
  ProbeTarget,
  ResourceLimits,
  ServiceDeclaration,
  StopRules,
} from '../manifest/types.ts';
import type { RestartRules } from '../restart/types.ts';
import { exactDuration, exactSize } from './quantities.ts';

/** Keys and values as people write them in `mainstay.yaml`; what is not set is left out. */
export type Written =
  | string
  | number
  | boolean
  | readonly Written[]
  | { readonly [key: string]: Written | undefined };

/** A service in the words of the file, so that a difference can be named by the key that makes it. */
export function serviceAsWritten(service: ServiceDeclaration): {
  readonly [key: string]: Written | undefined;
} {
  const { program, cwd, env, user, runner, instances, listen, health, restart, stop, limits, logs } = service;
  const isService = program.type === 'service';
  return {
    // The command that was found for it is part of it: Node's own path, after an upgrade of Node.
    service: isService ? { path: program.source, command: [program.command, ...program.args] } : undefined,
    exec: isService ? undefined : [program.command, ...program.args],
    cwd,
    env,
    user,
    runner,
    instances,
    listen: listen.map((socket) => ({ [socket.name]: address(socket) })),
    health: {
      startup: health.startup && probeAsWritten(health.startup),
      readiness: health.readiness && probeAsWritten(health.readiness),
      liveness: health.liveness && probeAsWritten(health.liveness),
    },
    restart: restartAsWritten(restart),
    stop: stopAsWritten(stop),
    reload: reloadAsWritten(stop),
    limits: limitsAsWritten(limits),
    logs: logsAsWritten(logs),
    dependsOn: Object.fromEntries(service.dependsOn.map(({ service: name, condition }) => [name, condition])),
    autoStart: service.autoStart,
  };
}

function reloadAsWritten({ reloadSignal, reloadOrder }: StopRules): Written | undefined {
  if (reloadOrder === undefined) return reloadSignal;
  return { signal: reloadSignal, order: reloadOrder };
}

/** What is not of a service. */
export function settingsAsWritten(settings: {
  readonly alerts: AlertRules;
  readonly metrics: MetricsRules;
  readonly logs: LogStoreRules;
}): { readonly [key: string]: Written | undefined } {
  const { alerts, metrics, logs } = settings;
  return {
    alerts: {
      to: alerts.targets.map(targetAsWritten),
      on: alerts.on,
      repeat: exactDuration(alerts.repeatMs),
      perMinute: alerts.perMinute,
    },
    metrics: { listen: metrics.listen && address(metrics.listen) },
    logs: { directory: logs.directory, total: exactSize(logs.totalBytes) },
  };
}

function address({ host, port }: Pick<ListenDeclaration, 'host' | 'port'>): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

function probeAsWritten({ target, ...timing }: ProbeRules): Written {
  return {
    ...probeTargetAsWritten(target),
    interval: exactDuration(timing.intervalMs),
    timeout: exactDuration(timing.timeoutMs),
    failures: timing.failures,
    successes: timing.successes,
    delay: exactDuration(timing.delayMs),
  };
}

function probeTargetAsWritten(target: ProbeTarget): Readonly<Record<string, Written>> {
  switch (target.type) {
    case 'http':
      return { http: target.url };
    case 'tcp':
      return { tcp: address(target) };
    case 'exec':
      return { exec: target.command };
    case 'heartbeat':
      return { heartbeat: true };
    case 'loop-delay':
      return { loopDelay: exactDuration(target.maxMs) };
  }
}

function restartAsWritten(rules: RestartRules): Written {
  return {
    policy: rules.policy,
    backoff: `${exactDuration(rules.backoffMinMs)}..${exactDuration(rules.backoffMaxMs)}`,
    stable: exactDuration(rules.stableMs),
    crashLoop: {
      starts: rules.crashLoopStarts,
      within: exactDuration(rules.crashLoopWindowMs),
      retry: rules.parkedRetryMs === 0 ? 'never' : exactDuration(rules.parkedRetryMs),
    },
    neverOn: rules.neverOn,
    successOn: rules.successOn,
    schedule: rules.schedule,
  };
}

function stopAsWritten({ by, graceMs }: StopRules): Written {
  const grace = exactDuration(graceMs);
  switch (by.type) {
    case 'ipc':
      return { grace };
    case 'signal':
      return { signal: by.signal, grace };
    case 'stdin':
      return { stdin: by.text, grace };
    case 'command':
      return { command: by.command, grace };
    case 'http':
      return { http: by.url, grace };
    case 'window':
      return { window: true, grace };
  }
}

function limitsAsWritten(limits: ResourceLimits): Written {
  return {
    memory: {
      soft: limits.memorySoftBytes === undefined ? undefined : exactSize(limits.memorySoftBytes),
      hard: limits.memoryHardBytes === undefined ? undefined : exactSize(limits.memoryHardBytes),
      reclaim: exactDuration(limits.reclaimMs),
    },
    cpu: limits.cpuPercent === undefined ? undefined : `${limits.cpuPercent}%`,
    processes: limits.processes,
    openFiles: { max: limits.openFiles, alert: `${limits.openFilesAlertShare * 100}%` },
    priority: limits.priority,
  };
}

function logsAsWritten({ rotateBytes, rotateAgeMs, keep, compress }: LogRules): Written {
  const age = rotateAgeMs === undefined ? undefined : exactDuration(rotateAgeMs);
  return { rotate: { size: exactSize(rotateBytes), age }, keep, compress };
}

function targetAsWritten(target: AlertTarget): Written {
  switch (target.type) {
    case 'webhook':
      return { webhook: target.url, headers: target.headers };
    case 'smtp':
      return { smtp: target.url, from: target.from, to: target.to };
    case 'command':
      return { command: target.command };
  }
}
