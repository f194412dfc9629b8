// What someone has who finds the project: a copy of its files, npm, their own Node, and nothing else.
import { execFile, spawn } from 'node:child_process';
import { chmod, cp, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { UpProcess } from '../../packages/cli/test/up-process.ts';

const checkout = join(import.meta.dirname, '../..');

export interface RunResult {
  /** Undefined when a signal ended it. */
  readonly code: number | undefined;
  readonly stdout: string;
  readonly stderr: string;
}

/** What hung is ended after so many ms, so that the test can say what it had printed. */
const hungMs = 240_000;

/** The environment without what npm and node:test say about the run of these tests. */
export function newcomersEnvironment(): NodeJS.ProcessEnv {
  const ofThisRun = /^(?:npm_(?:package|lifecycle|command|execpath|node_execpath)|NODE_TEST|INIT_CWD|CI$)/;
  return {
    ...Object.fromEntries(Object.entries(process.env).filter(([name]) => !ofThisRun.test(name))),
    npm_config_local_prefix: undefined,
    NO_COLOR: '1',
  };
}

/** Runs a program to its end. */
export async function run(
  file: string,
  args: readonly string[],
  cwd: string,
  env: NodeJS.ProcessEnv = {},
): Promise<RunResult> {
  const child = spawn(file, args, {
    cwd,
    env: { ...newcomersEnvironment(), ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: hungMs,
    killSignal: 'SIGKILL',
  });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const code = await new Promise<number | null>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', resolve);
  });
  return { code: code ?? undefined, stdout, stderr };
}

/** A folder of one's own, which others may look into. */
export class TemporaryFolder implements AsyncDisposable {
  readonly path: string;
  private constructor(path: string) {
    this.path = path;
  }

  static async make(): Promise<TemporaryFolder> {
    const path = await mkdtemp(join(tmpdir(), 'mainstay-e2e-'));
    await chmod(path, 0o755);
    return new TemporaryFolder(path);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.path, { recursive: true, force: true });
  }
}

/** Copies what a clone of this working tree would have: no node_modules, no output. */
export async function copyCheckout(to: string): Promise<void> {
  const args = ['-c', 'safe.directory=*', 'ls-files', '-z', '--cached', '--others', '--exclude-standard'];
  const { stdout } = await promisify(execFile)('git', args, { cwd: checkout, maxBuffer: 16 * 1024 * 1024 });
  for (const file of stdout.split('\0').filter(Boolean)) {
    const target = join(to, file);
    await mkdir(dirname(target), { recursive: true });
    // A file that was deleted and not yet committed is listed, too.
    await cp(join(checkout, file), target).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOENT') throw error;
    });
  }
}

/** `mainstay …` of this checkout, as its own program starts it. */
export async function mainstay(
  cwd: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv = {},
): Promise<RunResult> {
  return run(process.execPath, [join(checkout, 'packages/cli/bin/mainstay.mjs'), ...args], cwd, env);
}

/** A program in a session of its own, with all that it starts there. */
export class Foreground extends UpProcess {
  constructor(command: readonly string[], cwd: string) {
    super('setsid', command, cwd);
  }

  /** As a terminal does: the signal goes to every process of the group, npm and its shell included. */
  pressCtrlC(): void {
    process.kill(-this.pid, 'SIGINT');
  }

  override async [Symbol.asyncDispose](): Promise<void> {
    try {
      process.kill(-this.pid, 'SIGKILL');
    } catch {
      // All of them have ended.
    }
    await super[Symbol.asyncDispose]();
  }
}
