import { spawn } from 'node:child_process';

export interface CommandResult {
  /** Exit code; undefined when a signal ended it. */
  readonly code: number | undefined;
  readonly signal: NodeJS.Signals | undefined;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CommandOptions {
  /** Ends the command; it is then killed, and the promise rejects with the reason. */
  readonly signal?: AbortSignal;
}

/**
 * Runs a program with fixed arguments, never through a shell. Resolves however it ends; rejects when it cannot be
 * started (`code` ENOENT, EACCES) or was aborted.
 */
export type CommandRunner = (
  file: string,
  args: readonly string[],
  options?: CommandOptions,
) => Promise<CommandResult>;

/** More output than this, in characters of one stream, ends the command: none that is run here says so much. */
const maxOutput = 16 * 1024 * 1024;

export const runCommand: CommandRunner = async (file, args, { signal } = {}) => {
  signal?.throwIfAborted();
  const child = spawn(file, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    // Messages are compared with; a pager or colours would hang or garble.
    env: { ...process.env, LC_ALL: 'C.UTF-8', SYSTEMD_PAGER: '', SYSTEMD_COLORS: '0', SYSTEMD_URLIFY: '0' },
    ...(signal && { signal }),
  });
  const output = { stdout: '', stderr: '' };
  for (const stream of ['stdout', 'stderr'] as const) {
    child[stream].setEncoding('utf8').on('data', (chunk: string) => {
      output[stream] += chunk;
      if (output[stream].length > maxOutput) child.kill('SIGKILL');
    });
  }
  return await new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, ended) => {
      resolve({ code: code ?? undefined, signal: ended ?? undefined, ...output });
    });
  });
};
