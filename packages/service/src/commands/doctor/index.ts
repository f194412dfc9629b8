import { messageOf, type ServiceInfo } from '@mainstay/core';

import type { ConfigResult } from '../../config/index.ts';
import { loadServiceConfig, type ConfigOptions } from '../config.ts';
import { targetOf, type CommandContext, type Target } from '../context.ts';
import { fail, runChecks, type Check } from './check.ts';
import { clockCheck } from './clock-check.ts';
import {
  directoryChecks,
  diskCheck,
  ffiCheck,
  hostCheck,
  journalCheck,
  privilegeCheck,
  runtimeCheck,
} from './machine-checks.ts';
import { configCheck, executableCheck, installedCheck, portCheck } from './service-checks.ts';

/** Looks at everything that keeps a service from running well, and says what to do about it. */
export async function doctor(context: CommandContext, options: ConfigOptions): Promise<number> {
  let loaded: Promise<ConfigResult<unknown>> | undefined;
  const load = () => (loaded ??= loadServiceConfig(context, options));
  const target = await targetOf(context, options).catch((error: unknown) => error as Error);
  const checks: Check[] = [
    runtimeCheck(context.build?.nodeVersion),
    ffiCheck(context.build !== undefined),
    clockCheck(context),
    hostCheck(),
    privilegeCheck(context.platform, context.env, options.user === true),
    configCheck(load),
    ...(target instanceof Error ? [managerFailure(target)] : managedChecks(context, target)),
    portCheck(load, () => queried(target)),
  ];
  return runChecks(checks, context.output, options);
}

function managedChecks(context: CommandContext, { manager, name }: Target): Check[] {
  const directories = manager.directoriesFor(name);
  return [
    executableCheck(context, manager.scope),
    ...directoryChecks(directories, context.platform),
    diskCheck(directories.state),
    ...(manager.kind === 'systemd' ? [journalCheck()] : []),
    installedCheck(context, manager, name),
  ];
}

function managerFailure(error: Error): Check {
  return {
    name: 'manager',
    async run() {
      return fail(messageOf(error), 'Use `run`, or a machine with a service manager');
    },
  };
}

async function queried(target: Target | Error): Promise<ServiceInfo | undefined> {
  if (target instanceof Error) return undefined;
  try {
    return await target.manager.query(target.name);
  } catch {
    // The check of the service itself reports it.
    return undefined;
  }
}
