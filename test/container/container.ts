import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';

export interface ContainerOptions {
  readonly env?: NodeJS.ProcessEnv;
  readonly cwd?: string;
}

/** How a container's PID 1 ended. */
export interface ContainerEnd {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/**
 * A program as PID 1 of its own PID and mount namespaces, as a container runtime starts it: the kernel ignores
 * signals it has no handler for, and orphans become its children. Needs root. It dies with the test process.
 */
export class Container {
  /** PID 1, as numbered by the host. */
  readonly pid: number;
  /** Settles when PID 1 has ended. */
  readonly ended: Promise<ContainerEnd>;
  readonly #child: ChildProcessByStdio<null, Readable, Readable>;
  #output = '';

  private constructor(
    child: ChildProcessByStdio<null, Readable, Readable>,
    pid: number,
    ended: Promise<ContainerEnd>,
  ) {
    this.#child = child;
    this.pid = pid;
    this.ended = ended;
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => (this.#output += text));
    }
  }

  /** @throws Error when the namespaces cannot be made. */
  static async start(argv: readonly string[], options: ContainerOptions = {}): Promise<Container> {
    const namespaces = ['--pid', '--mount', '--fork', '--mount-proc', '--kill-child'];
    const args = ['--pdeathsig', 'KILL', 'unshare', ...namespaces, '--', ...argv];
    const child = spawn('setpriv', args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
    const ended: Promise<ContainerEnd> = once(child, 'close').then(([code, signal]) => ({ code, signal }));
    ended.catch(() => {}); // seen by whoever awaits it
    let pid = 0;
    for (;;) {
      const hasEnded = child.exitCode !== null || child.signalCode !== null;
      const children = await readFile(`/proc/${child.pid}/task/${child.pid}/children`, 'utf8').catch(
        () => '',
      );
      pid = Number(children.trim()) || pid;
      // The child is PID 1 only once unshare has become the program in it. An ended process has no command line.
      const [program, unshare] = [await commandLine(pid), await commandLine(child.pid)];
      if (program && unshare && program !== unshare) return new Container(child, pid, ended);
      if (!hasEnded) {
        await delay(5);
        continue;
      }
      // unshare(1) ends with the program's exit code, 1 when it cannot make the namespaces, 126 or 127 when it cannot
      // start the program.
      if (pid > 0 && ![1, 126, 127].includes(child.exitCode ?? 0)) return new Container(child, pid, ended);
      throw new Error(`unshare ended with ${child.exitCode ?? child.signalCode} before the program started`);
    }
  }

  /** What PID 1 has written so far, stdout and stderr as they came. */
  get output(): string {
    return this.#output;
  }

  /** Sends a signal to PID 1 from outside, as `docker kill` does. */
  signal(name: NodeJS.Signals): void {
    process.kill(this.pid, name);
  }

  /** Waits until the output matches. @throws Error with the output when PID 1 ends first. */
  async waitFor(pattern: RegExp): Promise<RegExpExecArray> {
    let isOver = false;
    void this.ended.finally(() => (isOver = true));
    for (;;) {
      const match = pattern.exec(this.#output);
      if (match) return match;
      if (isOver) throw new Error(`PID 1 ended before it wrote ${pattern}:\n${this.#output}`);
      await delay(10);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill('SIGKILL'); // and --kill-child ends the namespace
    await this.ended;
  }
}

async function commandLine(pid: number | undefined): Promise<string> {
  return readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
}
