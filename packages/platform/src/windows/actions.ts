import type { ManagedState, ServiceInfo, WaitOptions } from '@mainstay/core';
import { platformErrors } from '../errors.ts';
import { ControlCode, Win32 } from './codes.ts';
import { explained } from './failures.ts';
import { codeOf, ScmConnection, ServiceAccess, type ServiceHandle } from './service-api.ts';
import { waitUntil } from './waiting.ts';

/** A service that something is done with. */
export interface Looking {
  readonly name: string;
  readonly look: () => ServiceInfo & { readonly checkpoint?: number };
  readonly options: WaitOptions;
}

/** Starts it and waits until it is up. Throws MANAGER_START_FAILED with the reason, MANAGER_TIMEOUT. */
export async function startService({ name, look, options }: Looking): Promise<ServiceInfo> {
  const before = requireInstalled(look());
  // One that is on its way down has to get there first.
  if (before.state === 'stop-pending') await waitUntil('stop', options, look, isDown);
  withService(name, ServiceAccess.start, (service) => {
    ignoring([Win32.serviceAlreadyRunning], () => service.start());
  });
  return waitUntil('start', options, look, (info) => {
    if (info.state === 'running' || info.state === 'paused') return true;
    if (!isDown(info)) return false;
    throw platformErrors.error(
      'MANAGER_START_FAILED',
      `The service ${name} ended while it started${info.text === '' ? '' : `: ${info.text.toLowerCase()}`}; see its log`,
      { details: { service: name, exitCode: info.exitCode } },
    );
  });
}

/** Stops it and waits until its process is gone. Throws MANAGER_STOP_FAILED, MANAGER_TIMEOUT. */
export async function stopService({ name, look, options }: Looking): Promise<ServiceInfo> {
  const before = requireInstalled(look());
  if (isDown(before)) return withoutCheckpoint(before);
  withService(name, ServiceAccess.stop | ServiceAccess.enumerateDependents, (service) => {
    try {
      // 1061: it is stopping already, or is at a moment where the SCM lets nothing through; the wait will tell.
      ignoring([Win32.serviceNotActive, Win32.serviceCannotAcceptControl], () =>
        service.control(ControlCode.stop),
      );
    } catch (error) {
      if (codeOf(error) !== Win32.dependentServicesRunning) throw error;
      throw platformErrors.error(
        'MANAGER_STOP_FAILED',
        `Services that run depend on ${name}: stop ${service.activeDependents().join(', ')} first`,
        { cause: error },
      );
    }
  });
  return waitUntil('stop', options, look, isDown);
}

const controls = {
  pause: { code: ControlCode.pause, access: ServiceAccess.pauseContinue, from: 'running', to: 'paused' },
  continue: {
    code: ControlCode.continue,
    access: ServiceAccess.pauseContinue,
    from: 'paused',
    to: 'running',
  },
  reload: {
    code: ControlCode.paramChange,
    access: ServiceAccess.pauseContinue,
    from: undefined,
    to: undefined,
  },
} as const;

/** Pauses, goes on, or reads the configuration again. Throws MANAGER_CONTROL_REFUSED, MANAGER_TIMEOUT. */
export async function changeState(
  { name, look, options }: Looking,
  action: keyof typeof controls,
): Promise<ServiceInfo> {
  const { code, access, from, to } = controls[action];
  const before = requireInstalled(look());
  if (to !== undefined && before.state === to) return withoutCheckpoint(before);
  withService(name, access, (service) => service.control(code));
  if (to === undefined || from === undefined) return withoutCheckpoint(look());
  let hasBegun = false;
  return waitUntil(action, options, look, (info) => {
    if (info.state === to) return true;
    // Back where it was: the handler failed and the service goes on as before.
    if (hasBegun && (info.state === from || isDown(info))) {
      throw platformErrors.error(
        'MANAGER_CONTROL_REFUSED',
        `The service ${name} could not ${action}: it is ${info.state}; see its log`,
        { details: { service: name, state: info.state } },
      );
    }
    hasBegun ||= info.state !== from;
    return false;
  });
}

/** Opens a service for one thing, and says in words what went wrong. */
export function withService<Result>(
  name: string,
  access: number,
  run: (service: ServiceHandle) => Result,
): Result {
  return explained(name, () => {
    using scm = new ScmConnection();
    using service = scm.openService(name, access);
    return run(service);
  });
}

function requireInstalled<Info extends ServiceInfo>(info: Info): Info {
  if (info.state !== 'not-installed') return info;
  throw platformErrors.error(
    'MANAGER_NOT_INSTALLED',
    `The service ${info.name} is not installed; install it first`,
  );
}

function isDown({ state }: { readonly state: ManagedState }): boolean {
  return state === 'stopped' || state === 'failed' || state === 'not-installed';
}

function withoutCheckpoint(look: ReturnType<Looking['look']>): ServiceInfo {
  const { checkpoint: _checkpoint, ...info } = look;
  return info;
}

function ignoring(codes: readonly number[], run: () => void): void {
  try {
    run();
  } catch (error) {
    const code = codeOf(error);
    if (code === undefined || !codes.includes(code)) throw error;
  }
}
