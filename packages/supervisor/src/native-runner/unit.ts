import { join } from 'node:path';
import { defaultLifecycleLimits, type ServiceManager, type ServiceSpec } from '@mainstay/core';

import type { ServiceDeclaration } from '../manifest/types.ts';
import type { RunId, RunSpec } from '../runner/types.ts';
import { unitEnvironment } from './environment.ts';

/** Time that the supervisor is given to kill by itself, before the manager does, in ms: it then knows that it had to. */
const killMarginMs = 2_000;
/** The manager waits at least this long before it starts again by itself, in ms: an agent that is there comes first. */
const minRestartDelayMs = 1_000;
/** As nice(2) has it; the same for both runners. */
const niceOf = { idle: 19, low: 10, normal: 0, high: -5 } as const;

type UnitId = Omit<RunId, 'run'>;

/** Name of the unit of one instance, in every manager. */
export function unitNameOf({ service, instance }: UnitId): string {
  return `mainstay-${service}-${instance}`;
}

/** The reverse; undefined for a name that is none. */
export function parseUnitName(name: string): UnitId | undefined {
  const match = /^mainstay-(.+)-(0|[1-9]\d*)$/.exec(name);
  return match ? { service: match[1] ?? '', instance: Number(match[2]) } : undefined;
}

export interface UnitContext {
  readonly manager: Pick<ServiceManager, 'kind' | 'scope' | 'directoriesFor' | 'readEnds'>;
  /** Where the runner keeps what it has to know of its units. Absolute. */
  readonly directory: string;
  /** Account of the agent. */
  readonly agentUser: string;
  /** The agent's own environment: what is inherited from it unchanged is not written into a unit. */
  readonly agentEnv: Readonly<Record<string, string | undefined>>;
  /** In place of the run's own. */
  readonly environment?: Readonly<Record<string, string>>;
}

/** What is run, as far as it differs from the declaration: with its path, or inside a host. */
export interface UnitProgram {
  /** Absolute. */
  readonly executable: string;
  readonly args: readonly string[];
  /** It runs inside the agent's host, which sets its environment. */
  readonly isHosted: boolean;
}

/** The file in which the ends of a unit's runs are noted. */
export function endsFileOf(directory: string, unit: string): string {
  return join(directory, `${unit}.ends`);
}

/** One instance of a declaration, as a service manager is told about it. Pure. */
export function serviceSpecOf(spec: RunSpec, program: UnitProgram, context: UnitContext): ServiceSpec {
  const { declaration } = spec;
  const { manager, directory } = context;
  const name = unitNameOf(spec.id);
  const isMainstay = declaration.program.type === 'service';
  const stopTimeoutMs = declaration.stop.graceMs + killMarginMs;
  return {
    name,
    displayName: `${declaration.name} ${spec.id.instance}`,
    description: 'Run by the Mainstay agent',
    executable: program.executable,
    args: program.args,
    scope: manager.scope,
    account: { type: 'named', name: declaration.user ?? context.agentUser },
    environment: context.environment ?? unitEnvironment(spec, context.agentEnv),
    dependencies: [],
    // The agent starts them, in the order of their dependencies, and not those that were stopped by hand.
    autoStart: false,
    delayedStart: false,
    recovery: recoveryOf(declaration),
    startTimeoutMs: defaultLifecycleLimits.startTimeoutMs,
    stopTimeoutMs,
    preshutdownTimeoutMs: stopTimeoutMs,
    // The agent's probes watch it, by the rules of the manifest.
    watchdogMs: 0,
    directories: manager.directoriesFor(name),
    program: {
      owner: directory,
      readiness: isMainstay ? 'notify' : 'exec',
      workingDirectory: declaration.cwd,
      neverOn: declaration.restart.neverOn,
      successOn: declaration.restart.successOn,
      ...stopOf(declaration),
      reloadSignal: declaration.stop.reloadSignal,
      limits: limitsOf(declaration),
      endsFile: manager.readEnds && endsFileOf(directory, name),
    },
  };
}

/** What the manager does while no agent is there: the same rules, as far as managers know them. */
function recoveryOf({ restart }: ServiceDeclaration): ServiceSpec['recovery'] {
  return {
    restart: restart.policy,
    delayMs: Math.max(restart.backoffMinMs, minRestartDelayMs),
    maxRestarts: restart.crashLoopStarts,
    windowMs: restart.crashLoopWindowMs,
  };
}

function stopOf({ stop: { by } }: ServiceDeclaration): {
  readonly stopSignal: string | undefined;
  readonly stopCommand: readonly string[] | undefined;
} {
  return {
    stopSignal: by.type === 'signal' ? by.signal : undefined,
    stopCommand: by.type === 'command' ? by.command : undefined,
  };
}

function limitsOf({ limits }: ServiceDeclaration): NonNullable<ServiceSpec['program']>['limits'] {
  return {
    memorySoftBytes: limits.memorySoftBytes,
    memoryHardBytes: limits.memoryHardBytes,
    cpuPercent: limits.cpuPercent,
    processes: limits.processes,
    openFiles: limits.openFiles,
    nice: limits.priority && niceOf[limits.priority],
  };
}
