import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const mainstayFile = fileURLToPath(new URL('../src/main.ts', import.meta.url));
export const fixtureFile = fileURLToPath(new URL('fixtures/service.ts', import.meta.url));

export interface ServiceSetting {
  readonly env?: Readonly<Record<string, string | number>>;
  readonly restart?: string;
}

/** A manifest in a directory of its own. */
export class UpFolder {
  readonly path = mkdtempSync(join(tmpdir(), 'mainstay-up-'));

  manifest(services: Readonly<Record<string, ServiceSetting>>): void {
    const lines = Object.entries(services).flatMap(([name, { env = {}, restart }]) => [
      `  ${name}:`,
      `    service: ${JSON.stringify(fixtureFile)}`,
      `    env: ${JSON.stringify(env)}`,
      ...(restart === undefined ? [] : [`    restart: ${restart}`]),
    ]);
    this.write(`services:\n${lines.join('\n')}\n`);
  }

  write(text: string): void {
    writeFileSync(join(this.path, 'mainstay.yaml'), text);
  }

  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}

/** A program that says nothing for so long has hung: it is ended, so that the test can say what was missing. */
const hungMs = 60_000;

/** A running `mainstay`, with what it has written so far. */
export class UpProcess implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #watchers = new Set<() => void>();
  readonly ended: Promise<number | NodeJS.Signals | null>;
  output = '';

  constructor(command: string, args: readonly string[], cwd: string) {
    this.#child = spawn(command, args, {
      cwd,
      stdio: ['pipe', 'pipe', 'pipe'],
      env: { ...process.env, TERM: 'xterm', NO_COLOR: '1', NODE_TEST_CONTEXT: undefined },
    });
    const guard = setTimeout(() => this.#child.kill('SIGKILL'), hungMs);
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        this.output += text;
        guard.refresh();
        for (const watcher of this.#watchers) watcher();
      });
    }
    this.ended = new Promise((resolve) => {
      this.#child.once('close', (code, signal) => {
        clearTimeout(guard);
        resolve(code ?? signal);
        for (const watcher of this.#watchers) watcher();
      });
    });
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** Resolves when the output matches; rejects when the program has ended without. */
  async printed(pattern: RegExp): Promise<RegExpExecArray> {
    const { promise, resolve, reject } = Promise.withResolvers<RegExpExecArray>();
    const look = () => {
      const match = pattern.exec(this.output);
      if (match) resolve(match);
      else if (this.#child.exitCode !== null || this.#child.signalCode !== null)
        reject(new Error(`Ended without printing ${pattern}:\n${this.output}`));
    };
    this.#watchers.add(look);
    look();
    try {
      return await promise;
    } finally {
      this.#watchers.delete(look);
    }
  }

  signal(name: NodeJS.Signals): void {
    this.#child.kill(name);
  }

  type(text: string): void {
    this.#child.stdin?.write(text);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) this.#child.kill('SIGKILL');
    await this.ended;
  }
}

/** `mainstay …` with pipes. */
export function startMainstay(folder: UpFolder, ...args: readonly string[]): UpProcess {
  return new UpProcess(process.execPath, [mainstayFile, ...args], folder.path);
}

/** `mainstay …` on a pseudo-terminal of that size (script(1)); its device is printed first. */
export function startOnTerminal(
  folder: UpFolder,
  size: { readonly columns: number; readonly rows: number },
  ...args: readonly string[]
): UpProcess {
  const command = [process.execPath, mainstayFile, ...args].map((word) => `'${word}'`).join(' ');
  const shell = `tty; stty cols ${size.columns} rows ${size.rows}; exec ${command}`;
  return new UpProcess('script', ['-qefc', shell, '/dev/null'], folder.path);
}

/** Resolves when the process is gone, or only waits for its parent to take note. */
export async function gone(pid: number): Promise<void> {
  const isThere = () => {
    if (!existsSync(`/proc/${pid}`)) return false;
    try {
      return !/\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, 'latin1'));
    } catch {
      return false;
    }
  };
  while (isThere()) await new Promise((resolve) => setTimeout(resolve, 10));
}
