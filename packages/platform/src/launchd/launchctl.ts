import type { ServiceScope } from '@mainstay/core';
import type { CommandOptions, CommandResult, CommandRunner } from '../command/run-command.ts';
import { platformErrors } from '../errors.ts';

/** What launchctl ends with when it does not know a service: 113 of `print`, 3 (ESRCH) of `bootout`. */
const notFound = new Set([3, 113]);
/** EPERM, and 150: "Operation not permitted while System Integrity Protection is engaged". */
const notPermitted = new Set([1, 150]);

/** The `launchctl` program, with fixed arguments, for one domain. */
export class Launchctl {
  /** `system`, or `gui/501`: whoever is logged on at the screen (launchctl(1)). */
  readonly domain: string;
  readonly #run: CommandRunner;

  constructor(scope: ServiceScope, uid: number, run: CommandRunner) {
    this.domain = scope === 'system' ? 'system' : `gui/${uid}`;
    this.#run = run;
  }

  target(label: string): string {
    return `${this.domain}/${label}`;
  }

  /** Runs it and returns stdout. Throws MANAGER_NO_PRIVILEGE, MANAGER_COMMAND_FAILED, MANAGER_UNAVAILABLE. */
  async run(args: readonly string[], options: CommandOptions = {}): Promise<string> {
    const result = await this.#attempt(args, options);
    if (result.code === 0) return result.stdout;
    const command = `launchctl ${args.join(' ')}`;
    const said = result.stderr.trim() || `it ended with ${result.signal ?? result.code}`;
    const isRefused =
      notPermitted.has(result.code ?? 0) || /not permitted|not privileged|requires root/i.test(said);
    if (isRefused) {
      throw platformErrors.error(
        'MANAGER_NO_PRIVILEGE',
        `Only root may do this: ${command}: ${said}; run the same command with sudo, or use --user`,
      );
    }
    throw platformErrors.error('MANAGER_COMMAND_FAILED', `\`${command}\` failed: ${said}`, {
      details: { command, code: result.code, stderr: said },
    });
  }

  /** Runs it; undefined when launchd does not know the service. */
  async find(args: readonly string[], options: CommandOptions = {}): Promise<string | undefined> {
    const result = await this.#attempt(args, options);
    if (result.code === 0) return result.stdout;
    if (notFound.has(result.code ?? 0) || /could not find service/i.test(result.stderr)) return undefined;
    return this.run(args, options);
  }

  async #attempt(args: readonly string[], options: CommandOptions): Promise<CommandResult> {
    try {
      return await this.#run('launchctl', args, options);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
      throw platformErrors.error(
        'MANAGER_UNAVAILABLE',
        'No launchd to talk to: launchctl is not installed; use `run` to run the service in the foreground',
      );
    }
  }
}
