import { resolve } from 'node:path';

import { oncePerKeyPress } from '@mainstay/platform';

import type { CliContext } from '../context.ts';
import { JsonPresenter } from '../up/json-presenter.ts';
import { loadManifest } from '../up/manifest-file.ts';
import { PlainPresenter } from '../up/plain-presenter.ts';
import type { Presenter } from '../up/presenter.ts';
import { UpSession } from '../up/session.ts';
import { TablePresenter } from '../up/table-presenter.ts';

interface UpOptions {
  readonly file: string;
  readonly json?: boolean;
  readonly plain?: boolean;
}

/** Runs the services of the manifest until they have ended or Ctrl-C stops them. */
export async function up(context: CliContext, names: readonly string[], options: UpOptions): Promise<number> {
  const services = await loadManifest(resolve(context.cwd, options.file), names, context.env);
  const session = new UpSession(services, context.env);
  const presenter = presenterFor(
    context,
    options,
    session,
    services.map(({ name }) => name),
  );
  const interrupt = oncePerKeyPress(() => session.interrupt());
  // SIGHUP: the terminal was closed. Windows has SIGINT, SIGBREAK and, when the console closes, SIGHUP.
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP', ...(process.platform === 'win32' ? ['SIGBREAK'] : [])];
  // To the end of the process: without a handler, one press too many would end it before it has cleaned up.
  for (const signal of signals) process.on(signal, interrupt);
  let code = 1;
  try {
    code = await session.run(presenter);
    return code;
  } finally {
    presenter.close(code);
  }
}

function presenterFor(
  { output }: CliContext,
  options: UpOptions,
  session: UpSession,
  names: readonly string[],
): Presenter {
  if (options.json) return new JsonPresenter(output.out, () => Date.now());
  if (options.plain || !output.out.isTTY) return new PlainPresenter(output, names);
  return new TablePresenter(output, process.stdout, (service) => session.view(service));
}
