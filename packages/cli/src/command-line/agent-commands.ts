import type { Command } from 'commander';

import type { CliContext } from '../context.ts';
import { adder, type Add, type Done } from './program.ts';

const summaries = {
  start: 'Start the installed agent, and its services',
  stop: 'Stop the installed agent, and its services; native ones run on',
  restart: 'Restart the installed agent, and its services; native ones run on',
} as const;

/** The agent as a service of the operating system: `mainstay agent …`. */
export function addAgentCommands(context: CliContext, add: Add, done: Done): void {
  const agent = add('agent', 'Install the agent as a service of this machine, and look after it', [
    'agent install --manifest mainstay.yaml',
    'agent status',
  ]).usage('<command> [options]');
  const below = adder(agent, 'mainstay agent');
  common(
    below('install', 'Install the agent and start it, or put this version in the place of another', [
      'install',
      'install --manifest mainstay.yaml',
      'install --user --json',
    ]),
  )
    .option('-f, --manifest <file>', 'apply it when the agent runs')
    .option('--executable <file>', 'the built agent to install (default: this program)')
    .action(async (options) =>
      done(
        await guarded(async () =>
          (await import('../commands/agent/install.ts')).agentInstall(context, options),
        ),
      ),
    );
  common(
    below('uninstall', 'Stop the agent and its services, and remove it', ['uninstall', 'uninstall --purge']),
  )
    .option('--keep-native', 'leave its native services to the service manager alone')
    .option('--purge', 'remove its state and the logs of the services, too')
    .action(async (options) =>
      done(
        await guarded(async () =>
          (await import('../commands/agent/uninstall.ts')).agentUninstall(context, options),
        ),
      ),
    );
  common(
    below('status', 'Show whether the agent is installed, and how it is', ['status', 'status --json']),
  ).action(async (options) =>
    done(
      await guarded(async () =>
        (await import('../commands/agent/status.ts')).agentStatusCommand(context, options),
      ),
    ),
  );
  for (const action of ['start', 'stop', 'restart'] as const)
    common(below(action, summaries[action], [action])).action(async (options) =>
      done(
        await guarded(async () =>
          (await import('../commands/agent/control.ts')).agentControl(context, action, options),
        ),
      ),
    );
}

function common(command: Command): Command {
  return command
    .option('--user', "the user's own agent in place of the machine's")
    .option('--json', 'print JSON');
}

async function guarded(run: () => Promise<number>): Promise<number> {
  return (await import('../commands/agent/target.ts')).withManager(run);
}
