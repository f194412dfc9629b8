import { spawn } from 'node:child_process';

import { messageOf } from '@mainstay/core';

import { runnerErrors } from '../runner/errors.ts';
import type { OutsideStop, StopTarget } from './process-system.ts';

const cannotAsk = (why: string, cause?: unknown): Error =>
  runnerErrors.error('RUN_CANNOT_ASK', `The program cannot be asked to end: ${why}`, { cause });

/** The ways that are the same on every system. */
export async function stopFromOutside(
  by: Exclude<OutsideStop, { readonly type: 'signal' | 'window' }>,
  target: StopTarget,
): Promise<void> {
  if (by.type === 'stdin') await writeLine(by.text, target);
  else if (by.type === 'command') await runCommand(by.command, target);
  else await post(by.url, target.timeoutMs);
}

async function writeLine(text: string, { child }: StopTarget): Promise<void> {
  const { stdin } = child;
  if (!stdin || stdin.destroyed) throw cannotAsk('its standard input is closed');
  await new Promise<void>((resolve, reject) => {
    stdin.write(text.endsWith('\n') ? text : `${text}\n`, (error) => {
      if (error) reject(cannotAsk(messageOf(error), error));
      else resolve();
    });
  });
}

/** Runs where the program runs: with its limits, its account and its end. `MAINPID` is the program's, as in systemd. */
async function runCommand(command: readonly string[], target: StopTarget): Promise<void> {
  const [file = '', ...args] = command;
  const line = target.container.launch({ command: file, args, user: target.user });
  const child = spawn(line.command, line.args, {
    cwd: target.cwd,
    env: { ...target.env, ...line.env, MAINPID: String(target.pid) },
    stdio: 'ignore',
    windowsHide: true,
    timeout: target.timeoutMs,
    killSignal: 'SIGKILL',
  });
  if (child.pid !== undefined && process.platform === 'win32') target.container.adopt(child.pid);
  await new Promise<void>((resolve, reject) => {
    child.once('error', (error) => reject(cannotAsk(messageOf(error), error)));
    child.once('exit', (code, signal) => {
      if (code === 0) resolve();
      else reject(cannotAsk(`"${command.join(' ')}" ended with ${signal ?? `exit code ${code}`}`));
    });
  });
}

async function post(url: string, timeoutMs: number): Promise<void> {
  // Not needed before something is stopped in this way.
  const { request } = url.startsWith('https:') ? await import('node:https') : await import('node:http');
  await new Promise<void>((resolve, reject) => {
    const fail = (error: unknown): void => reject(cannotAsk(`POST ${url}: ${messageOf(error)}`, error));
    const sent = request(
      url,
      { method: 'POST', agent: false, signal: AbortSignal.timeout(timeoutMs) },
      (response) => {
        response.resume();
        const { statusCode = 0 } = response;
        if (statusCode >= 200 && statusCode < 400) resolve();
        else fail(new Error(`status ${statusCode}`));
      },
    );
    sent.once('error', fail);
    sent.setHeader('content-length', 0);
    sent.end();
  });
}

/** A signal to the main process. */
export function stopBySignal(signal: string, pid: number): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    // It has ended by itself meanwhile: nobody is left to be asked.
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw cannotAsk(messageOf(error), error);
  }
}
