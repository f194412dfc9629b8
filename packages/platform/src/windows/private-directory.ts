import { existsSync, mkdirSync } from 'node:fs';
import { win32 } from 'node:path';
import { platformErrors } from '../errors.ts';
import { currentUserSid, isTrustedOwner } from './pipe-security.ts';
import { createProtectedDirectory, directorySddl, keepsPermissions, readSecurity } from './security.ts';

/**
 * Makes a directory that only this account, SYSTEM and the administrators may use, from its first moment on. One that is
 * there keeps its permissions, which are an administrator's or an installation's to choose; it must not be somebody
 * else's, who could read and replace what we put there.
 *
 * Throws MANAGER_FOREIGN_DIRECTORY, WINDOWS_CALL_FAILED, and what Node throws for a parent that cannot be made.
 */
export function makePrivateDirectory(path: string): void {
  if (!existsSync(path)) {
    mkdirSync(win32.dirname(path), { recursive: true });
    if (createProtectedDirectory(path, directorySddl(currentUserSid(), 'modify'))) return;
  }
  if (!keepsPermissions(path)) return;
  const { owner } = readSecurity(path);
  const sid = ownerSid(owner);
  if (sid === localAdministrator || isTrustedOwner(sid)) return;
  throw platformErrors.error(
    'MANAGER_FOREIGN_DIRECTORY',
    `The directory ${path} belongs to another account (${sid}), which could read and replace what is in it; choose another, or give it to this account`,
    { details: { path, owner } },
  );
}

/** Those accounts that SDDL has letters for (MSDN: "SID Strings"); all others are written as they are. */
const letters: Readonly<Record<string, string>> = {
  SY: 'S-1-5-18',
  LS: 'S-1-5-19',
  NS: 'S-1-5-20',
  BA: 'S-1-5-32-544',
};
/** The built-in account, whose SID is another on every machine. */
const localAdministrator = 'LA';

/** Of `O:BA`, `O:S-1-5-21-…`; letters that are none of the above stay letters. */
function ownerSid(sddl: string): string {
  const owner = /^O:(S-[\d-]+|[A-Z]{2})/.exec(sddl)?.[1] ?? '';
  return letters[owner] ?? owner;
}
