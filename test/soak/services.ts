import { join } from 'node:path';

import type { ResourceLimits, ServiceDeclaration } from '@mainstay/supervisor';

import {
  limitsOf,
  probeOf,
  restartRules,
  shellService,
  twoProcesses,
  writerService,
} from '../fault/world/index.ts';

/** Services whose lines are counted. */
export const writers = ['writer-0', 'writer-1', 'writer-2'] as const;
export const plain = ['plain-0', 'plain-1', 'plain-2', 'plain-3', 'plain-4', 'plain-5'] as const;
export const probed = ['probed-0', 'probed-1', 'probed-2'] as const;
export const crashing = ['crashing-0', 'crashing-1'] as const;
/** Never parked: that a crash loop is parked is another test's. */
const restart = restartRules({ backoffMinMs: 100, backoffMaxMs: 1000, crashLoopStarts: 100_000 });

export const countFileOf = (base: string, service: string): string => join(base, `count-${service}`);
export const hangFileOf = (base: string, service: string): string => join(base, `hang-${service}`);
export const eatFileOf = (base: string): string => join(base, 'eat');

/** What changes of a service from one manifest to the next. */
export interface Variant {
  readonly instances: number;
  readonly env: string;
}

/** About 20 services of every sort. */
export function soakServices(
  base: string,
  variantOf: (service: string) => Variant,
  { withExtra, holdsMemory }: { readonly withExtra: boolean; readonly holdsMemory: boolean },
): readonly ServiceDeclaration[] {
  const varied = (name: string): Partial<ServiceDeclaration> => {
    const { instances, env } = variantOf(name);
    return { restart, instances, env: { VARIANT: env } };
  };
  const services = [
    ...plain.map((name) => shellService(name, twoProcesses, varied(name))),
    ...writers.map((name) => writer(base, name)),
    ...probed.map((name) => withProbe(base, name, varied(name))),
    ...crashing.map((name) => shellService(name, 'sleep 0.$(($$ % 9)); exit 1', { restart })),
    ...['after-0', 'after-1'].map((name, at) =>
      shellService(name, twoProcesses, {
        ...varied(name),
        dependsOn: [{ service: plain[at] ?? plain[0], condition: 'healthy' }],
      }),
    ),
    shellService('deaf', `trap "" TERM; ${twoProcesses}; while :; do sleep 1; done`, {
      restart,
      stop: { by: { type: 'signal', signal: 'SIGTERM' }, graceMs: 500, reloadSignal: undefined },
    }),
    shellService(
      'hog',
      `while [ ! -e ${eatFileOf(base)} ]; do sleep 0.2; done; rm -f ${eatFileOf(base)}; exec tail /dev/zero`,
      {
        restart,
        ...(holdsMemory && { limits: memoryOf(40 * 1024 ** 2) }),
      },
    ),
    burst(base),
  ];
  return withExtra ? [...services, shellService('extra', twoProcesses, { restart })] : services;
}

const memoryOf = (bytes: number): ResourceLimits => limitsOf({ memoryHardBytes: bytes });

const logs = { rotateBytes: 512 * 1024, rotateAgeMs: undefined, keep: 10_000, compress: true };

function writer(base: string, name: string): ServiceDeclaration {
  const countFile = countFileOf(base, name);
  return writerService(name, { countFile, lines: 1e9, atOnce: 20, pauseMs: 100 }, { restart, logs });
}

/** As fast as it can, whenever it is started. */
function burst(base: string): ServiceDeclaration {
  const countFile = countFileOf(base, 'burst');
  return writerService('burst', { countFile, lines: 30_000, atOnce: 200 }, { restart, logs });
}

function withProbe(base: string, name: string, changes: Partial<ServiceDeclaration>): ServiceDeclaration {
  const command = ['sh', '-c', `[ ! -e ${hangFileOf(base, name)} ] || sleep 1000`];
  const probe = probeOf({ type: 'exec', command }, { intervalMs: 1000, timeoutMs: 1000, failures: 2 });
  return shellService(name, twoProcesses, {
    ...changes,
    health: { startup: undefined, readiness: probe, liveness: probe },
  });
}
