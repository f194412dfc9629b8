import { access, constants, stat } from 'node:fs/promises';
import { createServer } from 'node:net';

import type { ServiceInfo, ServiceManager } from '@mainstay/core';
import { isAppError, messageOf } from '@mainstay/core';

import { describeConfig, formatProblem, type ConfigResult } from '../../config/index.ts';
import type { CommandContext } from '../context.ts';
import { placeProblem, surroundingsOf } from '../executable-place.ts';
import { buildSpec } from '../spec.ts';
import { fail, ok, warn, type Check } from './check.ts';

export function executableCheck(context: CommandContext, scope: ServiceManager['scope']): Check {
  return {
    name: 'executable',
    async run() {
      const { executable } = context.launch;
      try {
        await access(executable, constants.R_OK | constants.X_OK);
      } catch (error) {
        return fail(messageOf(error), `Give everyone the right to read and run ${executable}`);
      }
      if (!context.build) return warn(`${executable}, from source`, 'Build it before it is installed');
      const { mode } = await stat(executable);
      if (context.platform !== 'win32' && (mode & 0o022) !== 0)
        return fail(`${executable} can be written by others`, `Run: chmod go-w ${executable}`);
      const problem = placeProblem(executable, scope, surroundingsOf(context.platform, context.env));
      return problem === undefined
        ? ok(executable)
        : warn(`${executable}: ${problem}`, 'Install it with --copy, or move it');
    },
  };
}

export function configCheck(load: () => Promise<ConfigResult<unknown>>): Check {
  return {
    name: 'config',
    async run() {
      const result = await load();
      if (result.ok) {
        const files = result.files.length === 0 ? 'no file' : result.files.join(', ');
        return ok(`valid (${files})`);
      }
      return fail(result.problems.map(formatProblem).join('; '), 'Correct it; `config` lists the problems');
    },
  };
}

/** Keys of what a service listens on itself; `database.port` is somebody else's, and ought to be taken. */
const ownPort = /^((https?|server|listen|api|admin|metrics|health|grpc)\.)*port$/i;

/** Ports that the service listens on, as far as the configuration's keys tell. */
export function portsOf(result: ConfigResult<unknown>): number[] {
  if (!result.ok) return [];
  return describeConfig(result)
    .filter(({ key }) => ownPort.test(key))
    .map(({ value }) => Number(value))
    .filter((port) => Number.isInteger(port) && port > 0 && port < 65_536);
}

export function portCheck(
  load: () => Promise<ConfigResult<unknown>>,
  query: () => Promise<ServiceInfo | undefined>,
): Check {
  return {
    name: 'port',
    async run() {
      const ports = portsOf(await load());
      if (ports.length === 0) return ok('the configuration names none');
      for (const port of ports) {
        const problem = await listenProblem(port);
        if (problem === undefined) continue;
        if (problem === 'EADDRINUSE' && (await query())?.pid !== undefined) continue;
        return problem === 'EADDRINUSE'
          ? fail(`port ${port} is taken by another program`, 'Stop that program, or configure another port')
          : fail(`port ${port}: ${problem}`, 'Configure a port that this account may use (1024 and above)');
      }
      return ok(ports.join(', '));
    },
  };
}

/** The error's code when the port cannot be listened on. */
function listenProblem(port: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    server.listen({ port, exclusive: true }, () => server.close(() => resolve(undefined)));
  });
}

export function installedCheck(context: CommandContext, manager: ServiceManager, name: string): Check {
  return {
    name: 'service',
    async run() {
      let info: ServiceInfo;
      try {
        info = await manager.query(name);
      } catch (error) {
        if (!isAppError(error) || error.code !== 'MANAGER_UNAVAILABLE') throw error;
        return warn(
          error.message,
          'Nothing to do in a container; else start from a shell of the machine itself',
        );
      }
      if (info.state === 'not-installed') return ok('not installed; run `install` to have it as a service');
      if (info.state === 'failed')
        return fail(`installed as ${info.definition ?? name}, failed`, 'The reason is in `logs`');
      const spec = buildSpec(context.definition, { name }, manager, context.launch);
      const { changes } = await manager.plan(spec);
      if (changes.length === 0) return ok(`installed as asked, ${info.state}`);
      const what = changes.map((change) => change.what).join(', ');
      return warn(
        `${info.state}, and installed otherwise than \`install\` without options would: ${what}`,
        'See `install --dry-run`; `install` with the options of the first time repairs it',
      );
    },
  };
}
