import { rmSync, statSync } from 'node:fs';
import { join } from 'node:path';

import { isAppError, messageOf, type Logger } from '@mainstay/core';
import { makeLockFile } from '@mainstay/service/lock-file';

import { agentErrors } from '../errors.ts';

export interface AgentLock {
  /** An earlier agent ended without its clean-up. */
  readonly tookOver: boolean;
  release(): void;
}

const lockName = 'agent.lock';

/**
 * Holds each directory for this process: one agent a directory.
 *
 * Throws AGENT_ALREADY_RUNNING with `details.pid`, AGENT_DIRECTORY_UNWRITABLE.
 */
export function lockDirectories(directories: readonly string[], log: Logger): AgentLock {
  const held: { remove(): void }[] = [];
  let tookOver = false;
  const release = (): void => {
    for (const lock of held.splice(0).toReversed()) removeQuietly(lock, log);
  };
  try {
    for (const directory of new Set(directories)) {
      held.push(lockOne(directory, log, () => (tookOver = true)));
    }
  } catch (error) {
    release();
    throw error;
  }
  return { tookOver, release };
}

function lockOne(directory: string, log: Logger, onTakeOver: () => void): { remove(): void } {
  const path = join(directory, lockName);
  removeEmpty(path, log);
  try {
    return makeLockFile(path, ({ pid }) => {
      log.warn({ pid, path }, 'An earlier agent ended without its clean-up; this one takes its place');
      onTakeOver();
    });
  } catch (error) {
    if (isAppError(error) && error.code === 'SERVICE_LOCKED') {
      const { pid } = error.details;
      throw agentErrors.error(
        'AGENT_ALREADY_RUNNING',
        typeof pid === 'number'
          ? `An agent runs already: process ${pid} holds ${directory}; use that one, stop it first, or give this one directories of its own`
          : `Another agent may hold ${directory}: ${error.message}`,
        { cause: error, details: { directory, ...(typeof pid === 'number' && { pid }) } },
      );
    }
    throw agentErrors.error('AGENT_DIRECTORY_UNWRITABLE', `Cannot lock ${directory}: ${messageOf(error)}`, {
      cause: error,
      details: { directory },
    });
  }
}

/** A lock appears with its content; one without is what a loss of power left of it. */
function removeEmpty(path: string, log: Logger): void {
  try {
    if (statSync(path).size > 0) return;
    rmSync(path);
    log.warn({ path }, 'An empty lock file was removed');
  } catch {
    // Not there, or not to be removed: the lock itself will tell.
  }
}

function removeQuietly(lock: { remove(): void }, log: Logger): void {
  try {
    lock.remove();
  } catch (error) {
    log.warn({ error: messageOf(error) }, 'A lock file could not be removed; the next agent takes it over');
  }
}
