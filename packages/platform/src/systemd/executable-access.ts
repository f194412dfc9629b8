import { readFile, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { messageOf, type ServiceSpec } from '@mainstay/core';
import { platformErrors } from '../errors.ts';

/** Directories that ProtectHome=yes hides (systemd.exec(5)). */
const hiddenHomes = ['/home', '/root', '/run/user'];

/** What the check looks at, for tests. */
export interface ExecutableFacts {
  readonly mode: (path: string) => Promise<number>;
  /** /proc/self/mounts (proc_pid_mounts(5)). */
  readonly mounts: () => Promise<string>;
}

const machine: ExecutableFacts = {
  mode: async (path) => (await stat(path)).mode,
  mounts: () => readFile('/proc/self/mounts', 'utf8'),
};

/**
 * Whether a user who owns nothing can run the file, inside the unit's sandbox. A unit that cannot start its program
 * fails with nothing but `203/EXEC`. Throws MANAGER_EXECUTABLE_UNREACHABLE, which says what is in the way.
 */
export async function checkExecutable(
  spec: Pick<ServiceSpec, 'executable' | 'scope' | 'account' | 'program'>,
  facts: ExecutableFacts = machine,
): Promise<void> {
  const { executable } = spec;
  const inTheWay =
    (await missing(executable, facts)) ??
    // A program of the agent's has no sandbox that would hide anything.
    (spec.scope === 'system' && !spec.program
      ? (hiddenHome(executable) ?? (await closedTo(spec, facts)))
      : undefined) ??
    (await mountedWithoutExec(executable, facts));
  if (inTheWay === undefined) return;
  throw platformErrors.error(
    'MANAGER_EXECUTABLE_UNREACHABLE',
    `The service's account cannot run ${executable}: ${inTheWay}; copy it to /opt or /usr/local/lib`,
    { details: { executable } },
  );
}

async function missing(path: string, facts: ExecutableFacts): Promise<string | undefined> {
  try {
    const mode = await facts.mode(path);
    return (mode & 0o111) === 0 ? 'it is not executable' : undefined;
  } catch (error) {
    return messageOf(error);
  }
}

function hiddenHome(path: string): string | undefined {
  const home = hiddenHomes.find((directory) => path.startsWith(`${directory}/`));
  return home && `${home} is hidden from services (ProtectHome=)`;
}

/** Others need `x` on each directory, and `r` and `x` on the file. A named account may have rights of its own. */
async function closedTo(
  { executable, account }: Pick<ServiceSpec, 'executable' | 'account'>,
  facts: ExecutableFacts,
): Promise<string | undefined> {
  if (account.type === 'named') return undefined;
  if (((await facts.mode(executable)) & 0o5) !== 0o5)
    return 'its mode lets only its owner or group read and run it';
  for (let at = dirname(executable); ; at = dirname(at)) {
    if (((await facts.mode(at)) & 0o1) === 0) return `directory ${at} is closed to others`;
    if (at === dirname(at)) return undefined;
  }
}

async function mountedWithoutExec(path: string, facts: ExecutableFacts): Promise<string | undefined> {
  const mounts = await facts.mounts().catch(() => '');
  let best = { point: '', options: '' };
  for (const line of mounts.split('\n')) {
    const [, raw = '', , options = ''] = line.split(' ');
    const point = raw.replace(/\\([0-7]{3})/g, (_, octal: string) =>
      String.fromCharCode(Number.parseInt(octal, 8)),
    );
    const covers = point === '/' || path === point || path.startsWith(`${point}/`);
    // The last of several mounts on one place is the one that is seen.
    if (covers && point.length >= best.point.length) best = { point, options };
  }
  return best.options.split(',').includes('noexec') ? `${best.point} is mounted noexec` : undefined;
}
