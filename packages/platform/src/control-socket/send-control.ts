import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { isAppError, type Control, type ControlAnswer } from '@mainstay/core';
import { platformErrors } from '../errors.ts';
import { ControlClient } from './client.ts';

/** A service opens its socket a moment after it is up; how long that is waited for, in ms. */
const defaultPatienceMs = 3_000;
const retryMs = 25;

/**
 * Sends one control to a running service. Throws MANAGER_NO_PRIVILEGE when the socket is another user's, and
 * CONTROL_SOCKET_FAILED.
 */
export async function sendControl(
  path: string,
  control: Control,
  { patienceMs = defaultPatienceMs } = {},
): Promise<ControlAnswer> {
  const client = await connectPatiently(path, patienceMs);
  try {
    return (await client.control(control)).answer;
  } finally {
    client.close();
  }
}

async function connectPatiently(path: string, patienceMs: number): Promise<ControlClient> {
  const end = performance.now() + patienceMs;
  for (;;) {
    await requireAccess(path);
    try {
      return await ControlClient.connect(path);
    } catch (error) {
      const errno = isAppError(error) ? error.details['errno'] : undefined;
      const mayCome = errno === 'ENOENT' || errno === 'ECONNREFUSED';
      if (!mayCome || performance.now() >= end) throw error;
      await delay(retryMs);
    }
  }
}

async function requireAccess(path: string): Promise<void> {
  try {
    await access(path, constants.W_OK);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EACCES') return;
    throw platformErrors.error(
      'MANAGER_NO_PRIVILEGE',
      `Only root and the service's own user may write to ${path}; run the same command with sudo`,
      { cause: error },
    );
  }
}
