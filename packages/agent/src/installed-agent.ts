import { systemClock } from '@mainstay/platform';
import type { ServiceContext, ServiceHandlers } from '@mainstay/service';

import { directoryFacts, installedDirectories, type AgentDirectories } from './directories.ts';
import { environmentForServices } from './environment.ts';
import { logEvent } from './event-log.ts';
import { GiveBack } from './give-back.ts';
import { openAgent } from './open-agent.ts';
import { stopGraceMs } from './stop-grace.ts';

/** What is left of that for the kill and the clean-up, in milliseconds. */
const killReserveMs = 20_000;

/** The agent of the machine, or of a user; ready when its API listens and its manifest has been begun. */
export async function openInstalledAgent(ctx: ServiceContext): Promise<ServiceHandlers> {
  const agent = await openAgent({
    directories: directoriesFrom(process.env),
    environment: environmentForServices(process.env),
    log: ctx.log,
    version: ctx.version,
    runtimeSnapshot: () => ctx.metrics.snapshot(),
    onShutdown: () => ctx.requestStop(),
    onEvent: (event) => logEvent(ctx.log, event),
  });
  ctx.log.info({ socket: agent.socketPath }, 'The agent listens');
  const giveBack = new GiveBack(systemClock, ctx.log);
  agent.watch(({ type }) => {
    if (type === 'started') giveBack.soon();
  });
  giveBack.soon();
  return {
    async stop() {
      giveBack.close();
      const timer = setTimeout(() => void agent.close({ force: true }), stopGraceMs - killReserveMs);
      try {
        await agent.close();
      } finally {
        clearTimeout(timer);
      }
    },
    async reload() {
      await agent.reread();
    },
  };
}

/** Each directory may be set: several agents on one machine, or a disk of its own for the logs. */
function directoriesFrom(env: NodeJS.ProcessEnv): AgentDirectories {
  const facts = directoryFacts();
  const usual = installedDirectories(facts.uid === undefined || facts.uid === 0 ? 'system' : 'user', facts);
  return {
    state: env['MAINSTAY_STATE_DIRECTORY'] || usual.state,
    runtime: env['MAINSTAY_RUNTIME_DIRECTORY'] || usual.runtime,
    logs: env['MAINSTAY_LOGS_DIRECTORY'] || usual.logs,
  };
}
