import { access } from 'node:fs/promises';
import { constants } from 'node:fs';
import type { Control, ControlAnswer } from '@mainstay/core';
import { platformErrors } from '../errors.ts';
import { ControlClient } from './client.ts';

/**
 * Sends one control to a running service. Throws MANAGER_NO_PRIVILEGE when the socket is another user's, and
 * CONTROL_SOCKET_FAILED.
 */
export async function sendControl(path: string, control: Control): Promise<ControlAnswer> {
  try {
    await access(path, constants.W_OK);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EACCES') {
      throw platformErrors.error(
        'MANAGER_NO_PRIVILEGE',
        `Only root and the service's own user may write to ${path}; run the same command with sudo`,
        { cause: error },
      );
    }
  }
  const client = await ControlClient.connect(path);
  try {
    return (await client.control(control)).answer;
  } finally {
    client.close();
  }
}
