import { readFileSync } from 'node:fs';

import { platformErrors } from '../errors.ts';

/** A user as passwd(5) has it. */
export interface UserAccount {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
  readonly home: string;
  readonly shell: string;
}

/**
 * Looks a user up by name or number; in /etc/passwd first, then by `getent`, which knows directory services.
 *
 * @throws CONTAINMENT_NO_USER when nobody knows it
 */
export function findUser(nameOrId: string): UserAccount {
  const found =
    parsePasswd(readFileSync('/etc/passwd', 'utf8'), nameOrId) ?? parsePasswd(askSystem(nameOrId), nameOrId);
  if (found) return found;
  throw platformErrors.error('CONTAINMENT_NO_USER', `There is no user "${nameOrId}" on this machine`, {
    details: { user: nameOrId },
  });
}

export function parsePasswd(text: string, nameOrId: string): UserAccount | undefined {
  for (const line of text.split('\n')) {
    const [name = '', , uid = '', gid = '', , home = '/', shell = '/bin/sh'] = line.split(':');
    if (name !== '' && (name === nameOrId || uid === nameOrId))
      return { name, uid: Number(uid), gid: Number(gid), home, shell };
  }
  return undefined;
}

function askSystem(nameOrId: string): string {
  // Services load this file too, and do not want what only this line needs.
  const { execFileSync } = process.getBuiltinModule('node:child_process');
  try {
    return execFileSync('getent', ['passwd', nameOrId], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    });
  } catch {
    return '';
  }
}

/** What a program that runs as this user finds in its environment, as login(1) sets it. */
export function userEnvironment(user: UserAccount): Readonly<Record<string, string>> {
  return { HOME: user.home, USER: user.name, LOGNAME: user.name, SHELL: user.shell };
}
