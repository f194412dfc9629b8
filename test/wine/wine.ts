import { type ChildProcessByStdio, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, open, readdir, readFile, rm } from 'node:fs/promises';
import { join, relative } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { promisify } from 'node:util';
import { wineEnvironment, wineFolder } from '../../scripts/setup/wine.ts';

const execute = promisify(execFile);

/** What a Windows program answered. */
export interface WineResult {
  /** The exit code's low 8 bits: Unix carries no more. */
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface WineRunOptions {
  /** Added to Wine's environment; Windows programs see these too. */
  readonly env?: Readonly<Record<string, string>>;
  /** A Unix folder. @default the session's C: drive */
  readonly cwd?: string;
  /** After so many ms the program is killed. @default 120000 */
  readonly timeout?: number;
}

/**
 * A Wine session on a prefix of its own. While it lives so does its Service Control Manager: Wine ends all
 * services when the last ordinary program exits, so a `cmd` that waits for input is held open. Its input closes
 * when the test process dies, however it dies, and then the session ends.
 */
export class Wine {
  /** Unix path of the session's C: drive. */
  readonly drive: string;
  readonly #folder: string;
  readonly #env: NodeJS.ProcessEnv;
  readonly #holder: ChildProcessByStdio<Writable, Readable, null>;
  #outputs = 0;

  private constructor(
    folder: string,
    env: NodeJS.ProcessEnv,
    holder: ChildProcessByStdio<Writable, Readable, null>,
  ) {
    this.#folder = folder;
    this.#env = env;
    this.#holder = holder;
    this.drive = join(folder, 'prefix/drive_c');
  }

  /** @throws Error when Wine is not set up, or its session does not start. */
  static async start(): Promise<Wine> {
    const wine = wineFolder();
    if (!(await wine.isComplete())) {
      throw new Error('Wine 10 is not set up: run "npm test -- --suite wine", which does it');
    }
    const folder = await sessionFolder(join(wine.path, 'sessions'));
    const prefix = join(folder, 'prefix');
    // Hard links for Windows' own files, which nobody writes to; real copies of the registry.
    await execute('cp', ['-al', wine.prefix, prefix]);
    for (const name of await readdir(prefix)) {
      if (!name.endsWith('.reg')) continue;
      await rm(join(prefix, name));
      await execute('cp', ['-a', join(wine.prefix, name), join(prefix, name)]);
    }
    const env = wineEnvironment(wine.root, prefix);
    const holder = spawn(String(env['WINELOADER']), ['cmd', '/k', 'echo session is up'], {
      env,
      stdio: ['pipe', 'pipe', 'ignore'],
      detached: true,
    });
    const session = new Wine(folder, env, holder);
    for await (const text of holder.stdout) {
      if (String(text).includes('session is up')) break;
    }
    if (holder.exitCode === null) return session;
    await session[Symbol.asyncDispose]();
    throw new Error(`Wine's session did not start: cmd.exe ended with ${String(holder.exitCode)}`);
  }

  /** Runs a Windows program to its end. `exe` is a Unix path, a Windows path, or a name such as `sc.exe`. */
  async run(exe: string, args: readonly string[] = [], options: WineRunOptions = {}): Promise<WineResult> {
    this.#outputs += 1;
    // Files, for node.exe fails with EBADF when its output is a Unix pipe.
    const paths = ['out', 'err'].map((kind) => join(this.#folder, `${this.#outputs}.${kind}`));
    const [out, err] = await Promise.all(paths.map((path) => open(path, 'w')));
    if (!out || !err) throw new Error('No output files');
    const child = spawn(
      String(this.#env['WINELOADER']),
      [exe.startsWith('/') ? this.toWindows(exe) : exe, ...args],
      {
        env: { ...this.#env, ...options.env },
        cwd: options.cwd ?? this.drive,
        stdio: ['ignore', out.fd, err.fd],
        timeout: options.timeout ?? 120_000,
        killSignal: 'SIGKILL',
      },
    );
    const [code, signal] = (await once(child, 'exit')) as [number | null, string | null];
    await Promise.all([out.close(), err.close()]);
    const [stdout = '', stderr = ''] = await Promise.all(paths.map((path) => readFile(path, 'utf8')));
    if (code === null) {
      throw new Error(
        `${exe} ${args.join(' ')} was killed by ${String(signal)} under Wine:\n${stdout}${stderr}`,
      );
    }
    return { code, stdout, stderr };
  }

  /** `C:\…` for what is on the session's drive, `Z:\…` for the rest of the Unix file system. */
  toWindows(path: string): string {
    const inside = relative(this.drive, path);
    const unix = inside.startsWith('..') ? `Z:${path}` : `C:/${inside}`;
    return unix.replaceAll('/', '\\');
  }

  /** The Unix path of `C:\…` or `Z:\…`. @throws Error for another drive. */
  toUnix(path: string): string {
    const rest = path.slice(2).replaceAll('\\', '/');
    if (/^c:/i.test(path)) return join(this.drive, rest);
    if (/^z:/i.test(path)) return rest;
    throw new Error(`No such drive in a test session: ${path}`);
  }

  /** Ends every program of this session, and removes its prefix. */
  async [Symbol.asyncDispose](): Promise<void> {
    const server = String(this.#env['WINESERVER']);
    await execute(server, ['-k'], { env: this.#env }).catch(isGone);
    await execute(server, ['-w'], { env: this.#env }).catch(isGone);
    this.#holder.stdin.destroy();
    this.#holder.stdout.destroy();
    this.#holder.kill('SIGKILL');
    await rm(this.#folder, { recursive: true, force: true });
  }
}

/** `wineserver -k` exits with 1 when there is none any more, which is what we want. */
const isGone = () => {};

/** A new folder `PID-…`, after those of test processes that were killed are removed. */
async function sessionFolder(parent: string): Promise<string> {
  await mkdir(parent, { recursive: true });
  for (const name of await readdir(parent)) {
    const owner = name.split('-', 1)[0];
    if (!existsSync(`/proc/${owner}`)) await rm(join(parent, name), { recursive: true, force: true });
  }
  return mkdtemp(join(parent, `${process.pid}-`));
}
