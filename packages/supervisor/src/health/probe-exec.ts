import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { promisify } from 'node:util';

import { describeProbeError, type Begin, type Probed, type ProberOptions } from './probing.ts';

/** Of the output the end is kept, for its last line; in characters. */
const maxTail = 2048;
const maxDetail = 200;
/** How long the output of a command that has ended is waited for, in ms: something it left behind may hold the pipe. */
const drainMs = 100;

/**
 * Runs a command in the service's folder, with its environment and as its account; exit code 0 is well. The command and
 * all that it started are killed when it is done, and when its time is over.
 */
export async function probeExec(
  command: readonly string[],
  of: Probed,
  options: ProberOptions,
): Promise<Begin> {
  const { declaration, run } = of;
  const [program, ...args] = command;
  if (program === undefined) throw new Error('the command is empty');
  // Where its service is, it ends with it, and with an agent that is killed.
  const inside = run.inside?.(program, args);
  const account = inside || declaration.user === undefined ? undefined : await accountOf(declaration.user);
  return (done) => {
    const child = spawn(inside?.command ?? program, inside?.args ?? args, {
      cwd: declaration.cwd,
      env: {
        ...(options.environment ?? process.env),
        ...declaration.env,
        MAINSTAY_SERVICE: run.id.service,
        MAINSTAY_INSTANCE: String(run.id.instance),
        MAINSTAY_RUN: String(run.id.run),
        ...inside?.env,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: process.platform !== 'win32',
      windowsHide: true,
      ...account,
    });
    let tail = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding('utf8').on('data', (chunk: string) => {
        tail = (tail + chunk).slice(-maxTail);
      });
    }
    let drain: NodeJS.Timeout | undefined;
    child.on('error', (error) => done(false, describeProbeError(error)));
    child.once('exit', (code, signal) => {
      const finish = (): void => done(code === 0, describe(code, signal, tail));
      child.once('close', finish);
      killTree(child);
      drain = setTimeout(finish, drainMs);
    });
    return () => {
      clearTimeout(drain);
      if (child.exitCode === null && child.signalCode === null) killTree(child);
      child.stdout?.destroy();
      child.stderr?.destroy();
    };
  };
}

/** Its group is its own, so this is the command and what it started; on Windows the tree by its parents. */
function killTree(child: ChildProcess): void {
  const { pid } = child;
  if (pid === undefined) return;
  if (process.platform === 'win32') {
    if (child.exitCode === null)
      execFile('taskkill', ['/pid', String(pid), '/t', '/f'], { windowsHide: true }, () => {});
    return;
  }
  try {
    process.kill(-pid, 'SIGKILL');
  } catch (error) {
    // ESRCH: nothing is left. EPERM: what is left is another user's, as with sudo in the command.
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'ESRCH' && code !== 'EPERM') throw error;
  }
}

function describe(code: number | null, signal: string | null, tail: string): string {
  const last = tail.trimEnd().split(/\r?\n/).at(-1)?.trim().slice(0, maxDetail) ?? '';
  const end = signal === null ? `exit code ${code}` : `signal ${signal}`;
  return last === '' ? end : `${end}: ${last}`;
}

const accounts = new Map<string, Promise<{ readonly uid: number; readonly gid: number }>>();

/** Node changes the account with no supplementary groups (uv_spawn); the names are looked up by id(1), once. */
async function accountOf(user: string): Promise<{ readonly uid: number; readonly gid: number }> {
  let account = accounts.get(user);
  if (!account) {
    account = lookUp(user);
    accounts.set(user, account);
    account.catch(() => accounts.delete(user));
  }
  return account;
}

async function lookUp(user: string): Promise<{ readonly uid: number; readonly gid: number }> {
  const run = promisify(execFile);
  const [uid, gid] = await Promise.all(
    ['-u', '-g'].map(async (option) => Number((await run('id', [option, '--', user])).stdout)),
  );
  if (uid === undefined || gid === undefined || Number.isNaN(uid + gid)) throw new Error(`no user ${user}`);
  return { uid, gid };
}
