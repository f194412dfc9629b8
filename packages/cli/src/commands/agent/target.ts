import { installedDirectories, programFolder, type InstalledAgent } from '@mainstay/agent';

import { isAppError } from '@mainstay/core';

import type { CliContext } from '../../context.ts';
import { cliErrors } from '../../errors.ts';
import { thisMachine, type Machine } from '../../machine.ts';
import { clientLink } from './client-link.ts';

export interface AgentCommandOptions {
  /** The user's own agent in place of the machine's. */
  readonly user?: boolean;
  readonly json?: boolean;
}

export interface AgentTarget extends InstalledAgent {
  readonly machine: Machine;
  /** Where the command line is on the PATH; undefined where nothing is put there. */
  readonly link: string | undefined;
}

/** The installed agent, or the place where it would be. */
export async function targetOf(
  { machine = thisMachine() }: CliContext,
  { user }: AgentCommandOptions,
): Promise<AgentTarget> {
  const scope = user ? 'user' : 'system';
  const { facts } = machine;
  return {
    machine,
    manager: await machine.createManager(scope),
    folder: programFolder(scope, facts),
    directories: installedDirectories(scope, facts),
    link: clientLink(scope, facts),
  };
}

/** Runs a command of the agent. Throws CLI_NO_SERVICE_MANAGER in place of what is meant for any service. */
export async function withManager(run: () => Promise<number>): Promise<number> {
  try {
    return await run();
  } catch (error) {
    if (!isAppError(error) || error.code !== 'MANAGER_UNAVAILABLE') throw error;
    // What comes after the semicolon is said to services.
    const [reason] = error.message.split(';');
    throw cliErrors.error(
      'CLI_NO_SERVICE_MANAGER',
      `${reason}; run the agent in the foreground with \`mainstay up\``,
      { cause: error },
    );
  }
}

/** The machine's agent is the administrator's. Throws CLI_NO_PRIVILEGE; Windows' own manager says so itself. */
export function mustBeAllowed({ machine, manager }: AgentTarget, what: string): void {
  const { uid } = machine.facts;
  if (manager.scope === 'user' || uid === undefined || uid === 0) return;
  throw cliErrors.error(
    'CLI_NO_PRIVILEGE',
    `Only root may ${what} the machine's agent: write sudo before the command, or --user for an agent of your own`,
  );
}
