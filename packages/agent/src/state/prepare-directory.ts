import { accessSync, chmodSync, constants, lstatSync, realpathSync, statSync } from 'node:fs';

import { isAppError, messageOf } from '@mainstay/core';
import { makePrivateDirectory } from '@mainstay/platform';
import { makeDirectories } from '@mainstay/platform/directories';

import { agentErrors } from '../errors.ts';

/** Bits of a mode for anybody but the owner. */
const othersBits = 0o077;

export interface DirectoryOwner {
  /** Undefined where there are no user ids, as on Windows. */
  readonly uid: number | undefined;
}

const thisProcess: DirectoryOwner = { uid: process.geteuid?.() };

/**
 * The same on every system: on Windows permissions take calls of its own, which are loaded there alone. Throws
 * AGENT_DIRECTORY_WRONG_OWNER, AGENT_DIRECTORY_UNWRITABLE.
 */
export async function prepareOwnDirectory(path: string): Promise<void> {
  if (process.platform === 'win32') {
    try {
      await makePrivateDirectory(path);
    } catch (error) {
      if (isAppError(error) && error.code === 'MANAGER_FOREIGN_DIRECTORY')
        throw agentErrors.error('AGENT_DIRECTORY_WRONG_OWNER', error.message, {
          cause: error,
          details: { path },
        });
      throw unwritable(path, error);
    }
  }
  prepareDirectory(path);
}

/**
 * Makes a directory that only its owner may enter, with its parents, or takes the one that is there: it has to be this
 * account's, and is closed to others when it is not yet.
 *
 * Throws AGENT_DIRECTORY_WRONG_OWNER, AGENT_DIRECTORY_UNWRITABLE.
 */
export function prepareDirectory(path: string, { uid }: DirectoryOwner = thisProcess): void {
  try {
    makeDirectories(path, { mode: 0o700, parentMode: 0o755 });
    // systemd's own state directories are links (systemd.exec(5), "StateDirectory="): what they lead to counts, too.
    const owners = [lstatSync(path).uid, statSync(realpathSync(path)).uid];
    const { mode } = statSync(path);
    if (uid !== undefined) {
      const foreign = owners.find((owner) => owner !== uid && owner !== 0);
      if (foreign !== undefined) throw wrongOwner(path, foreign, uid);
      if ((mode & othersBits) !== 0 && statSync(path).uid === uid) chmodSync(path, 0o700);
    }
    if (!statSync(path).isDirectory()) throw new Error('it is not a directory');
    accessSync(path, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch (error) {
    if (error instanceof Error && error.name === 'AppError') throw error;
    throw unwritable(path, error);
  }
}

function unwritable(path: string, error: unknown): Error {
  return agentErrors.error(
    'AGENT_DIRECTORY_UNWRITABLE',
    `The directory ${path} cannot be used: ${messageOf(error)}`,
    { cause: error, details: { path, errno: (error as NodeJS.ErrnoException).code } },
  );
}

function wrongOwner(path: string, owner: number, uid: number): Error {
  return agentErrors.error(
    'AGENT_DIRECTORY_WRONG_OWNER',
    `The directory ${path} belongs to the user ${owner}, and this agent runs as ${uid}: give it to that account, or choose another`,
    { details: { path, owner, uid } },
  );
}
