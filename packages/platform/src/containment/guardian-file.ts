import { join } from 'node:path';

/** Its name among its arguments, which tells it from a later process with its pid. */
export const guardianTitle = 'mainstay-guardian';

/** Where its pid is, in the runtime directory of its agent. */
export const guardianFile = (directory: string): string => join(directory, 'guardian.pid');

/** Waits until the guardian of an agent that has died has done its work; at once when there is none. */
export function awaitGuardianCommand(directory: string): [executable: string, ...args: string[]] {
  return ['/bin/sh', '-c', awaitGuardian, 'sh', guardianFile(directory)];
}

const awaitGuardian = `[ -e "$1" ] && read -r pid <"$1" && while grep -qs ${guardianTitle} "/proc/$pid/cmdline"; do sleep 0.05; done; :`;
