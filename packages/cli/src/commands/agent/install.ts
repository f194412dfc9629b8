import { resolve } from 'node:path';

import {
  agentServiceName,
  AgentClient,
  installAgent,
  uninstallAgent,
  type AgentInstallation,
} from '@mainstay/agent';
import { ExitCode, isAppError, messageOf } from '@mainstay/core';
import { ProgressLine } from '@mainstay/service/terminal';
import type { Manifest, ServiceView } from '@mainstay/supervisor';

import type { CliContext } from '../../context.ts';
import { cliErrors } from '../../errors.ts';
import { checkedManifest } from '../../manifest/checked-manifest.ts';
import { socketOf } from '../../services/agent-facts.ts';
import { printServices } from '../services/ps.ts';
import { linkClient } from './client-link.ts';
import { executableOf } from './executable-of.ts';
import { progressText } from './progress-text.ts';
import { mustBeAllowed, targetOf, type AgentCommandOptions, type AgentTarget } from './target.ts';

export interface AgentInstallOptions extends AgentCommandOptions {
  /** Applied when the agent runs. */
  readonly manifest?: string;
  /** Installed in place of this program. */
  readonly executable?: string;
}

const done: Readonly<Record<AgentInstallation['outcome'], string>> = {
  installed: 'Installed the agent',
  restarted: 'Installed the agent, and restarted it with its services; native ones ran on',
  started: 'Installed the agent, and started it',
  unchanged: 'The agent is installed already, and runs',
};

/** Installs the agent, or another version of it; a failure leaves what was there before. */
export async function agentInstall(context: CliContext, options: AgentInstallOptions): Promise<number> {
  const { out, err } = context.output;
  const target = await targetOf(context, options);
  const { manager, folder, directories, machine } = target;
  mustBeAllowed(target, 'install');
  // A machine without a service manager should say so before anything is built.
  await manager.query(agentServiceName);
  process.once('SIGINT', () => context.interrupted.abort());
  // A mistake in the file should be known before anything is installed.
  const manifest =
    options.manifest === undefined
      ? undefined
      : await checkedManifest(resolve(context.cwd, options.manifest), context.env, socketOf(directories));
  const quiet = options.json === true;
  const executable = options.executable === undefined ? undefined : resolve(context.cwd, options.executable);
  const built = await executableOf(context, machine, { executable, quiet });
  const progress = new ProgressLine(err, { now: () => performance.now() });
  try {
    const { version } = built;
    const installation = await installAgent({
      manager,
      executable: built.executable,
      version,
      folder,
      directories,
      signal: context.interrupted.signal,
      ...(!quiet && { onProgress: (info) => progress.update(progressText(info)) }),
    });
    progress.end();
    if (manifest && !quiet) progress.update('Applying the manifest');
    const services = manifest && (await applyOrUndo(context, target, installation, manifest.manifest));
    const command = await commandOf(target, installation.executable);
    progress.end();
    const { outcome, before, plan } = installation;
    if (quiet) {
      const report = {
        outcome,
        version,
        before: before ?? null,
        executable: installation.executable,
        command,
      };
      out.write(
        `${JSON.stringify({ ...report, ...plan, socket: socketOf(directories), directories, ...(services && { services }) })}\n`,
      );
      return exitCodeFor(services);
    }
    const from = before === undefined || before === version ? '' : ` (before: ${before})`;
    out.write(`${out.style.green(done[outcome])}: ${version}${from}\n`);
    for (const { what, before: was } of plan.changes)
      out.write(`  ${was === undefined ? 'created' : 'changed'} ${what}\n`);
    for (const note of plan.notes) err.write(`${err.style.yellow('Note:')} ${note}\n`);
    out.write(`  socket   ${socketOf(directories)}\n  command  ${command}\n`);
    if (services) printServices(context, services);
    else out.write('Give it services with `mainstay apply`\n');
    return exitCodeFor(services);
  } finally {
    progress.end();
    await built.dispose();
  }
}

/** What a person types to talk to it. */
async function commandOf({ link, folder }: AgentTarget, executable: string): Promise<string> {
  if (link !== undefined && (await linkClient(link, executable, folder))) return link;
  return executable;
}

/** An agent that was not there before goes again when it cannot have its manifest; any other runs what it ran. */
async function applyOrUndo(
  { interrupted }: CliContext,
  target: AgentTarget,
  { outcome }: AgentInstallation,
  manifest: Manifest,
): Promise<readonly ServiceView[]> {
  try {
    const client = new AgentClient({ socketPath: socketOf(target.directories) });
    await client.apply(manifest, { signal: interrupted.signal });
    return await client.services();
  } catch (error) {
    const after =
      outcome === 'installed' ? 'the agent was removed again' : 'the agent runs what it ran before';
    if (outcome === 'installed') await uninstallAgent(target, { purge: false, timeoutMs: 60_000 });
    throw cliErrors.error(
      'CLI_MANIFEST_NOT_APPLIED',
      `The manifest was not applied, and ${after}: ${messageOf(error)}`,
      {
        cause: error,
        details: { reason: isAppError(error) ? error.code : undefined },
      },
    );
  }
}

function exitCodeFor(services: readonly ServiceView[] | undefined): number {
  const isFailed = services?.some(({ state }) => state === 'failed' || state === 'parked');
  return isFailed ? ExitCode.failed : ExitCode.ok;
}
