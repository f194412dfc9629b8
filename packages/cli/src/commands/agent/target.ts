import { installedDirectories, programFolder, type InstalledAgent } from '@mainstay/agent';

import type { CliContext } from '../../context.ts';
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

/** The installed agent, or the place where it would be. Throws MANAGER_UNAVAILABLE. */
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
