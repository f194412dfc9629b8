import { existsSync } from 'node:fs';
import type { AppError, ServiceScope } from '@mainstay/core';
import type { CommandOptions, CommandResult, CommandRunner } from '../command/run-command.ts';
import { platformErrors } from '../errors.ts';

/** What systemctl says when the bus, polkit or the file system refuses; the messages are not translated in LC_ALL=C. */
const refused =
  /access denied|permission denied|authentication (?:is )?required|interactive authentication|not permitted|not authorized|EACCES|EPERM/i;
const unavailable =
  /failed to connect to bus|has not been booted with systemd|failed to get d-bus connection|no medium found|host is down/i;
const unknownUnit = /could not be found|not loaded|not found|no such file or directory|no files found/i;

export interface SystemctlOptions {
  readonly scope: ServiceScope;
  readonly run: CommandRunner;
  /** True when systemd is the machine's init: sd_booted(3). @default looks for /run/systemd/system */
  readonly isBooted?: () => boolean;
}

/** The `systemctl` program, with fixed arguments; its failures become errors of this package. */
export class Systemctl {
  readonly #options: SystemctlOptions;

  constructor(options: SystemctlOptions) {
    this.#options = options;
  }

  /** Runs it and returns stdout; `failureCode` is for what is none of the general reasons. */
  async run(
    args: readonly string[],
    {
      failureCode = 'MANAGER_COMMAND_FAILED',
      ...options
    }: CommandOptions & { failureCode?: FailureCode } = {},
  ): Promise<string> {
    const result = await this.attempt(args, options);
    if (result.code === 0) return result.stdout;
    throw this.#failure(args, result, failureCode);
  }

  /** Runs it; an exit code other than 0 is the caller's. Throws MANAGER_UNAVAILABLE. */
  async attempt(args: readonly string[], options: CommandOptions = {}): Promise<CommandResult> {
    const { scope, run } = this.#options;
    if (!(this.#options.isBooted ?? isBooted)()) throw noSystemd('systemd does not run here');
    const all = [...(scope === 'user' ? ['--user'] : []), '--no-ask-password', '--no-pager', ...args];
    let result: CommandResult;
    try {
      result = await run('systemctl', all, options);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') throw noSystemd('systemctl is not installed');
      throw error;
    }
    if (result.code !== 0 && unavailable.test(result.stderr)) {
      throw noSystemd(result.stderr.trim(), scope);
    }
    return result;
  }

  #failure(
    args: readonly string[],
    { stderr, code, signal }: CommandResult,
    failureCode: FailureCode,
  ): AppError {
    const { scope } = this.#options;
    const said = stderr.trim() || `it ended with ${signal ?? code}`;
    const command = `systemctl ${scope === 'user' ? '--user ' : ''}${args.join(' ')}`;
    if (refused.test(stderr)) return noPrivilege(command);
    const isUnknown = unknownUnit.test(stderr) && failureCode !== 'MANAGER_COMMAND_FAILED';
    return platformErrors.error(
      isUnknown ? 'MANAGER_NOT_INSTALLED' : failureCode,
      `\`${command}\` failed: ${said}`,
      { details: { command, stderr: said } },
    );
  }
}

type FailureCode = 'MANAGER_COMMAND_FAILED' | 'MANAGER_START_FAILED' | 'MANAGER_STOP_FAILED';

/** sd_booted(3). */
function isBooted(): boolean {
  return existsSync('/run/systemd/system');
}

function noSystemd(reason: string, scope?: ServiceScope): AppError {
  const hint =
    scope === 'user'
      ? 'log in with a session of your own (XDG_RUNTIME_DIR is not set by su or sudo), or use `run`'
      : 'use `run` to run the service in the foreground, or in a container as its only process';
  return platformErrors.error('MANAGER_UNAVAILABLE', `No systemd to talk to: ${reason}; ${hint}`);
}

/** For a command that only root may give. */
export function noPrivilege(command: string): AppError {
  return platformErrors.error(
    'MANAGER_NO_PRIVILEGE',
    `Only root may do this: ${command}; run the same command with sudo, or use --user`,
    { details: { command: `sudo ${command}` } },
  );
}
