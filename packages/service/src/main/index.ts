import { pathToFileURL } from 'node:url';
import { ExitCode, isAppError } from '@mainstay/core';
import { programHelperFlag, runProgramHelper, selfWorkerFlag } from '@mainstay/platform';
import type { BuildInfo } from '../commands/context.ts';
import { startRuntimeMetrics } from '../metrics/index.ts';
import { installEarlyStop, type EarlyStop } from './early-stop.ts';
import { installCrashGuard, printError, printFailure, type CrashGuard } from './crash-guard.ts';
import { identified } from '../service-identity.ts';
import { loadDefinition, type LoadService } from './load-definition.ts';
import { parseRunArguments, parseRunFlags } from './run-arguments.ts';
import { drained } from './drained.ts';

export type { BuildInfo } from '../commands/context.ts';
export type { LoadService } from './load-definition.ts';

export interface MainOptions {
  /** Imports the module whose default export is the service. */
  readonly load: LoadService;
  /** Baked in by the builder; absent from source. */
  readonly build?: BuildInfo;
  /** Version of the service's package, from source; the definition's own and the build's go before it. */
  readonly version?: string;
  /** File URL of the module that calls `main`, for worker threads. @default the file that Node was started with */
  readonly entry?: string;
  /** What the user typed. @default process.argv without the first two */
  readonly argv?: readonly string[];
}

/**
 * The entry of every executable. Without arguments or with `run` it runs the service, by as few imports as possible;
 * every other command is loaded when it is asked for. Leaves the process, and so does not return on the main thread.
 *
 * INVARIANT: a process that was started to reach a program on Windows does nothing else, and reads nothing of the service.
 */
export async function main(options: MainOptions): Promise<void> {
  if (process.argv[2] === programHelperFlag) return runProgramHelper(process.argv.slice(3));
  if (process.argv.includes(selfWorkerFlag)) {
    const { isMainThread, workerData } = await import('node:worker_threads');
    if (!isMainThread && isOwnThread(workerData)) return serveThread(workerData.mainstay, options);
  }
  const earlyStop = installEarlyStop();
  // First of all, so that the whole start is measured.
  const metrics = startRuntimeMetrics();
  const guard = installCrashGuard();
  try {
    const code = await dispatch(options, guard, earlyStop, metrics);
    await drained();
    process.exit(code);
  } catch (error) {
    printFailure(error);
    process.exit((isAppError(error) ? error.exitCode : undefined) ?? ExitCode.failed);
  }
}

async function dispatch(
  options: MainOptions,
  guard: CrashGuard,
  earlyStop: EarlyStop,
  metrics: ReturnType<typeof startRuntimeMetrics>,
): Promise<number> {
  const argv = options.argv ?? process.argv.slice(2);
  const { build } = options;
  const entry = options.entry ?? pathToFileURL(process.argv[1] ?? process.execPath).href;
  // Other commands end by these signals as any program does.
  if (argv.length > 0 && argv[0] !== 'run') earlyStop.release();
  const definition = await loadDefinition(options.load, build?.version ?? options.version);
  const run = async (flags: readonly string[]): Promise<number> => {
    const args = parseRunFlags(flags);
    if (!args) {
      printError(`Error: Cannot read the options ${flags.join(' ')}: none may be empty; see \`run --help\``);
      return ExitCode.usage;
    }
    const { runService } = await import('./run-service.ts');
    return runService({
      definition: identified(definition, { name: args.name }),
      args,
      build,
      entry,
      guard,
      earlyStop,
      metrics,
    });
  };
  // A program with a command line of its own is asked also when nothing was typed.
  if (parseRunArguments(argv) && (argv.length > 0 || !definition.commandLine)) return run(argv.slice(1));
  metrics.close();
  const own = (await (await definition.commandLine?.())?.(argv)) ?? argv;
  if (typeof own === 'number') return own;
  const { runCommand } = await import('../commands/index.ts');
  return runCommand(own, { definition, run, ...(build && { build }) });
}

/** `workerData` as `createSelfWorker` sets it; a user's own threads have something else there. */
function isOwnThread(data: unknown): data is { readonly mainstay: 'task' | 'scm' } {
  if (typeof data !== 'object' || data === null || !('mainstay' in data)) return false;
  return data.mainstay === 'task' || data.mainstay === 'scm';
}

async function serveThread(role: 'task' | 'scm', { load }: MainOptions): Promise<void> {
  if (role === 'scm') {
    const { runScmThread } = await import('@mainstay/platform');
    return runScmThread();
  }
  const [{ tasks = {} }, { serveTasks }] = await Promise.all([
    loadDefinition(load),
    import('../workers/serve-tasks.ts'),
  ]);
  serveTasks(tasks);
}
