import { lstatSync } from 'node:fs';

import { agentErrors } from '../errors.ts';
import { howToStart } from './how-to-start.ts';
import type { Endpoint } from './endpoint.ts';

/** What a check needs to know of the machine; a test gives its own. */
export interface OwnershipFacts {
  /** Of the caller; undefined where there are no user ids. */
  readonly uid: number | undefined;
  lstat(path: string): {
    readonly uid: number;
    readonly mode: number;
    isSocket(): boolean;
    isSymbolicLink(): boolean;
  };
}

const machine: OwnershipFacts = { uid: process.geteuid?.(), lstat: (path) => lstatSync(path) };

const worldOrGroupWritable = 0o022;
const sticky = 0o1000;

/**
 * Whoever owns the socket, or may replace it in its directory, gets all that is sent to it. Both have to be the caller's
 * own or root's. On Windows the security descriptor of the pipe's directory stands for that.
 *
 * Throws AGENT_NOT_RUNNING when there is nothing, AGENT_SOCKET_WRONG_OWNER, AGENT_NO_PERMISSION.
 */
export function checkOwnership(
  { path, directory, tokenFile }: Endpoint,
  facts: OwnershipFacts = machine,
): void {
  const { uid } = facts;
  if (uid === undefined || tokenFile !== undefined) return;
  for (const each of [directory, path]) {
    const found = look(each, facts);
    if (!found) throw notRunning(path);
    if (found.uid !== uid && found.uid !== 0) {
      throw wrongOwner(each, `belongs to the user ${found.uid}, and you are ${uid}`);
    }
    if (found.isSymbolicLink()) throw wrongOwner(each, 'is a link, which could lead anywhere');
  }
  const { mode } = facts.lstat(directory);
  if ((mode & worldOrGroupWritable) !== 0 && (mode & sticky) === 0) {
    throw wrongOwner(directory, 'can be written to by others, who could put a socket of theirs there');
  }
  if (!facts.lstat(path).isSocket()) throw wrongOwner(path, 'is no socket');
}

export function notRunning(path: string): Error {
  return agentErrors.error('AGENT_NOT_RUNNING', `No agent listens on ${path}; ${howToStart}`, {
    details: { path },
  });
}

function look(path: string, facts: OwnershipFacts): ReturnType<OwnershipFacts['lstat']> | undefined {
  try {
    return facts.lstat(path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw noPermission(path, error);
  }
}

export function noPermission(path: string, cause: unknown): Error {
  return agentErrors.error(
    'AGENT_NO_PERMISSION',
    `You may not use the agent's socket at ${path}, which is its owner's alone: run the command as that account, for an installed agent with sudo`,
    { cause, details: { path } },
  );
}

function wrongOwner(path: string, what: string): Error {
  return agentErrors.error(
    'AGENT_SOCKET_WRONG_OWNER',
    `${path} ${what}; it is not used, because whoever made it could answer in the agent's place`,
    { details: { path } },
  );
}
