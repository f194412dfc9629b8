import { dirname, resolve } from 'node:path';

import { directoriesBeside, directoryFacts, environmentForServices, openAgent } from '@mainstay/agent';
import { ExitCode } from '@mainstay/core';
import { oncePerKeyPress } from '@mainstay/platform';
import type { Manifest } from '@mainstay/supervisor';

import type { CliContext } from '../context.ts';
import { checkedManifest, socketBeside } from '../manifest/checked-manifest.ts';
import { onlyServices } from '../manifest/only-services.ts';
import { packageVersion } from '../package-version.ts';
import type { InstanceRow } from '../services/instance-row.ts';
import { noticeLog } from '../up/agent-log.ts';
import { JsonPresenter } from '../up/json-presenter.ts';
import { PlainPresenter } from '../up/plain-presenter.ts';
import type { Presenter } from '../up/presenter.ts';
import { UpSession } from '../up/session.ts';
import { TablePresenter } from '../up/table-presenter.ts';

interface UpOptions {
  readonly file: string;
  readonly json?: boolean;
  readonly plain?: boolean;
}

/** Runs an agent with the services of the manifest until they have ended or Ctrl-C stops them. */
export async function up(context: CliContext, names: readonly string[], options: UpOptions): Promise<number> {
  const file = resolve(context.cwd, options.file);
  const checked = await checkedManifest(file, context.env, socketBeside(file));
  const manifest = onlyServices(checked.manifest, names, file);
  const session = new UpSession((rows) => presenterFor(context, options, manifest, rows));
  const { presenter } = session;
  const interrupt = oncePerKeyPress(() => session.interrupt());
  // SIGHUP: the terminal was closed. Windows has SIGINT, SIGBREAK and, when the console closes, SIGHUP.
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP', ...(process.platform === 'win32' ? ['SIGBREAK'] : [])];
  // To the end of the process: without a handler, one press too many would end it before it has cleaned up.
  for (const signal of signals) process.on(signal, interrupt);
  let code: number = ExitCode.failed;
  try {
    const agent = await openAgent({
      directories: directoriesBeside(dirname(file), directoryFacts()),
      environment: environmentForServices(context.env),
      log: noticeLog(presenter),
      version: packageVersion(import.meta.url) ?? '0.0.0',
      manifest,
      onEvent: (event) => session.take(event),
      onShutdown: ({ force }) => session.stop(force),
    });
    const unwatch = agent.watchLines((line) => session.line(line));
    try {
      session.attach({
        views: () => agent.views(),
        settled: () => agent.settled(),
        shutdown: (how) => agent.close(how),
      });
      await agent.begun;
      code = await session.ended();
      // The last state of each, before the agent's own end is theirs.
      presenter.close(code);
    } finally {
      await agent.close();
      unwatch();
    }
    return code;
  } finally {
    presenter.close(code);
  }
}

function presenterFor(
  { output }: CliContext,
  options: UpOptions,
  manifest: Manifest,
  rows: () => readonly InstanceRow[],
): Presenter {
  if (options.json) return new JsonPresenter(output.out, () => Date.now());
  if (options.plain || !output.out.isTTY) return new PlainPresenter(output, labelsOf(manifest));
  return new TablePresenter(output, process.stdout, rows);
}

function labelsOf({ services }: Manifest): string[] {
  return services.map(({ name, instances }) => (instances === 1 ? name : `${name}/${instances - 1}`));
}
