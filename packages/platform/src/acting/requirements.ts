import type { ControlAnswer, ServiceInfo, ServiceScope } from '@mainstay/core';
import { platformErrors } from '../errors.ts';

/** The service has started and has not begun to stop. */
export function isUp({ state }: Pick<ServiceInfo, 'state'>): boolean {
  return (
    state === 'running' || state === 'paused' || state === 'pause-pending' || state === 'continue-pending'
  );
}

/** Throws MANAGER_NOT_INSTALLED. */
export function requireInstalled(info: ServiceInfo, scope: ServiceScope): void {
  if (info.state !== 'not-installed') return;
  const whose = scope === 'user' ? ' for this user' : '';
  throw platformErrors.error(
    'MANAGER_NOT_INSTALLED',
    `Service ${info.name} is not installed${whose}; run \`install\` first`,
  );
}

/** Throws MANAGER_NOT_RUNNING. */
export function requireRunning(info: ServiceInfo): void {
  if (isUp(info)) return;
  throw platformErrors.error(
    'MANAGER_NOT_RUNNING',
    `Service ${info.name} does not run: it is ${info.state}; start it first`,
  );
}

/** Throws MANAGER_CONTROL_REFUSED. */
export function requireAccepted(name: string, what: string, answer: ControlAnswer): void {
  if (answer === 'accepted') return;
  const why = answer === 'unsupported' ? 'has no handler for it' : 'cannot take it in its present state';
  throw platformErrors.error('MANAGER_CONTROL_REFUSED', `Service ${name} refused ${what}: it ${why}`, {
    details: { answer },
  });
}
