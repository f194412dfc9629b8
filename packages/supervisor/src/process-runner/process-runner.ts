import { spawn, type ChildProcess } from 'node:child_process';

import {
  readSupervisedMessage,
  type Control,
  type ControlAnswer,
  type SupervisorMessage,
} from '@mainstay/core';

import type { HealthProbe, OutputStream, ProgramSpec, Run, RunEnd, RunEvents, Runner } from '../runner.ts';
import { LineSplitter } from './line-splitter.ts';

/** How long output of an ended program is waited for: a grandchild may hold the pipe open for ever. Milliseconds. */
const drainMs = 500;

/**
 * Programs as children of this process, with an IPC channel to talk over.
 *
 * On POSIX each has a session of its own: Ctrl-C on the terminal reaches only us, and its whole tree can be killed by
 * its group. When we die, the channel closes, and a Mainstay service stops by itself.
 */
export class ProcessRunner implements Runner {
  start(spec: ProgramSpec, events: RunEvents): Run {
    return new ProcessRun(spec, events);
  }
}

class ProcessRun implements Run {
  readonly #child: ChildProcess;
  readonly #splitters: LineSplitter[] = [];
  readonly #waiting = new Map<number, (answer: unknown) => void>();
  #nextId = 1;
  #over = false;
  readonly ended: Promise<RunEnd>;

  constructor(spec: ProgramSpec, events: RunEvents) {
    this.#child = spawn(spec.command, spec.args, {
      cwd: spec.cwd,
      env: spec.env,
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      detached: process.platform !== 'win32',
      windowsHide: true,
    });
    const flushed = (['stdout', 'stderr'] as const).map((stream) => this.#read(stream, events));
    this.#child.on('message', (message) => this.#receive(message, events));
    this.ended = this.#end(Promise.all(flushed));
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  async control(control: Control): Promise<ControlAnswer | undefined> {
    return (await this.#ask((id) => ({ type: 'control', control, id }))) as ControlAnswer | undefined;
  }

  async probe(timeoutMs: number): Promise<HealthProbe | undefined> {
    return (await this.#ask((id) => ({ type: 'probe', id }), timeoutMs)) as HealthProbe | undefined;
  }

  kill(): void {
    const { pid } = this.#child;
    if (pid === undefined) return;
    try {
      // The group is the program and what it started; its number is not reused while one of them lives (setsid(2)).
      if (process.platform === 'win32') this.#child.kill('SIGKILL');
      else process.kill(-pid, 'SIGKILL');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
    }
  }

  #read(name: OutputStream, events: RunEvents): Promise<void> {
    const stream = this.#child[name];
    const lines = new LineSplitter((line) => {
      if (!this.#over) events.onLine(line, name);
    });
    this.#splitters.push(lines);
    return new Promise((resolve) => {
      if (!stream) return resolve();
      const finish = () => {
        lines.end();
        resolve();
      };
      stream.on('data', (chunk: Buffer) => lines.write(chunk));
      stream.once('end', finish);
      stream.once('error', finish);
    });
  }

  #receive(raw: unknown, events: RunEvents): void {
    const message = readSupervisedMessage(raw);
    if (!message || this.#over) return;
    if (message.type === 'status') events.onStatus(message.status);
    else if (message.type === 'answer') this.#waiting.get(message.id)?.(message.answer);
    else this.#waiting.get(message.id)?.({ report: message.report, metrics: message.metrics });
  }

  /** Sends, and waits for the answer of the same number; undefined when it does not come. */
  #ask(make: (id: number) => SupervisorMessage, timeoutMs?: number): Promise<unknown> {
    const id = this.#nextId;
    this.#nextId += 1;
    return new Promise((resolve) => {
      let timer: NodeJS.Timeout | undefined;
      const settle = (answer: unknown) => {
        clearTimeout(timer);
        this.#waiting.delete(id);
        resolve(answer);
      };
      if (this.#over || !this.#child.connected) return settle(undefined);
      this.#waiting.set(id, settle);
      if (timeoutMs !== undefined) timer = setTimeout(() => settle(undefined), timeoutMs);
      this.#child.send(make(id), (error) => {
        if (error) settle(undefined);
      });
    });
  }

  async #end(flushed: Promise<unknown>): Promise<RunEnd> {
    const end = await new Promise<RunEnd>((resolve) => {
      this.#child.once('error', (error) => {
        // Also said of a message that could not be sent; only without a process there is no `exit` to come.
        if (this.#child.pid === undefined) resolve({ exitCode: undefined, signal: undefined, error });
      });
      this.#child.once('exit', (code, signal) =>
        resolve({ exitCode: code ?? undefined, signal: signal ?? undefined, error: undefined }),
      );
    });
    let timer: NodeJS.Timeout | undefined;
    const patience = new Promise((resolve) => {
      timer = setTimeout(resolve, drainMs);
    });
    if (!end.error) await Promise.race([flushed, patience]);
    clearTimeout(timer);
    // What the program left behind ends with it.
    if (process.platform !== 'win32') this.kill();
    for (const lines of this.#splitters) lines.end();
    this.#over = true;
    for (const settle of this.#waiting.values()) settle(undefined);
    this.#child.stdout?.destroy();
    this.#child.stderr?.destroy();
    return end;
  }
}
