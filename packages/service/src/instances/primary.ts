import { defaultLifecycleLimits, primaryLimits, type ReclaimRequest } from '@mainstay/core';
import { worstOf } from '../health/index.ts';
import type { HealthCheckResult, ServiceContext, ServiceDefinition, ServiceHandlers } from '../types.ts';
import { Fleet, type InstanceReport } from './fleet.ts';
import { forkInstance } from './fork.ts';

export interface PrimaryOptions {
  readonly definition: ServiceDefinition;
  readonly count: number;
  /** @default node:cluster */
  readonly fork?: typeof forkInstance;
  /** Ends the process as a crash does. @default throws outside of everything */
  readonly fail?: (error: Error) => void;
}

/** The service that a primary runs in place of the user's: same name, config and limits; its work is its instances. */
export interface Primary {
  readonly definition: ServiceDefinition;
  /** Health and metrics of each instance. */
  probe(): Promise<readonly InstanceReport[]>;
  /** True when at least one has done it. */
  reclaim(request: ReclaimRequest): Promise<boolean>;
}

/** How long instances have to end in a clean-up before they are killed, in milliseconds. */
const disposeGraceMs = 2_000;

/**
 * Makes the service of the primary: it runs on the same lifecycle and under the same host as any other, starts the
 * instances, is up when all are, and passes on what it is told.
 */
export function createPrimary({ definition, count, fork = forkInstance, fail }: PrimaryOptions): Primary {
  let fleet: Fleet | undefined;
  const limits = { ...defaultLifecycleLimits, ...definition.limits };
  // The config's type does not matter to the primary, which only hands it on.
  const { tasks: _, ...rest } = definition;
  return {
    definition: {
      ...rest,
      instances: 1,
      // Each instance has a deadline and a clean-up of its own; those come first.
      limits: primaryLimits(limits),
      start: (ctx) => {
        fleet = new Fleet({
          count,
          log: ctx.log,
          fork: (instance) => fork(instance, ctx.sockets, ctx.startArguments),
          onProgress(up, hintMs) {
            ctx.status(`${up} of ${count} instances are up`);
            if (hintMs !== undefined) ctx.checkpoint(hintMs);
          },
          onFailed: fail ?? throwOutside,
        });
        return startFleet(fleet, ctx);
      },
    },
    probe: async () => (await fleet?.probe()) ?? [],
    reclaim: async (request) => (await fleet?.reclaim(request)) ?? false,
  };
}

async function startFleet(fleet: Fleet, ctx: ServiceContext): Promise<ServiceHandlers> {
  ctx.disposer.defer('instances', () => fleet.dispose(disposeGraceMs));
  // A stop during the start: the instances that are up already need not wait for the others.
  const stopEarly = (): void => void fleet.stop().catch(() => undefined);
  ctx.signal.addEventListener('abort', stopEarly, { once: true });
  await fleet.start();
  ctx.signal.removeEventListener('abort', stopEarly);
  ctx.health.check('instances', async () => healthOf(await fleet.probe()));
  const { pause, reload, custom, sessionChange, powerEvent } = fleet.accepts;
  return {
    stop: () => fleet.stop(),
    ...(pause && {
      pause: () => fleet.apply({ type: 'pause' }),
      resume: () => fleet.apply({ type: 'continue' }),
    }),
    ...(reload && { reload: () => fleet.apply({ type: 'reload' }) }),
    control: {
      ...Object.fromEntries(custom.map((code) => [code, () => fleet.apply({ type: 'custom', code })])),
      ...(sessionChange && {
        sessionChange: (event) => fleet.apply({ type: 'session-change', ...event }),
      }),
      ...(powerEvent && { powerEvent: (event) => fleet.apply({ type: 'power-event', ...event }) }),
    },
  };
}

/** All failed is a failure; some failed, or gone, is a degraded service that still answers. */
function healthOf(reports: readonly InstanceReport[]): HealthCheckResult {
  const states = reports.map(({ report }) => report?.state ?? 'failed');
  const worst = worstOf(states);
  if (worst === 'ok') return { state: 'ok' };
  const detail = reports
    .filter((_, index) => states[index] !== 'ok')
    .map(({ instance, state, report }) => `instance ${instance} (${state}): ${troubles(report)}`)
    .join('; ');
  return { state: states.every((state) => state === 'failed') ? 'failed' : 'degraded', detail };
}

function troubles(report: InstanceReport['report']): string {
  if (!report) return 'no answer';
  return Object.entries(report.checks)
    .filter(([, check]) => check.state !== 'ok')
    .map(([name, { state, detail }]) => `${name} ${state}${detail === undefined ? '' : `, ${detail}`}`)
    .join(', ');
}

/** An uncaught exception is how a service fails from inside: logged, cleaned up after, and a non-zero exit. */
function throwOutside(error: Error): void {
  setImmediate(() => {
    throw error;
  });
}
