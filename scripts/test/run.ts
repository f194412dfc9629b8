import type { Preparation } from './needs.ts';
import type { PlannedSuite } from './plan.ts';
import type { FileResult } from './run-file.ts';

export interface SuiteResult {
  readonly name: string;
  readonly preparation: Preparation;
  readonly files: readonly FileResult[];
}

export interface RunPorts {
  /** Makes a suite ready; called for one suite at a time, in order. */
  prepare(entry: PlannedSuite): Promise<Preparation>;
  runFile(file: string, limit: number): Promise<FileResult>;
  /** Told about each file as it ends. */
  onFile(suite: string, result: FileResult): void;
  readonly stop: AbortSignal;
  /** How many files run at once. */
  readonly concurrency: number;
}

/** Runs the files of suites that are ready, earlier suites first, while later suites are still being prepared. */
export async function run(planned: readonly PlannedSuite[], ports: RunPorts): Promise<SuiteResult[]> {
  const progress = planned.map((entry) => ({
    entry,
    waiting: [...entry.files],
    preparation: undefined as Preparation | undefined,
    files: [] as FileResult[],
  }));
  let turn = Promise.withResolvers<void>(); // settles when one more suite is prepared
  const prepareAll = async () => {
    for (const suite of progress) {
      suite.preparation = ports.stop.aborted
        ? { state: 'failed', reason: 'The run was interrupted' }
        : await ports.prepare(suite.entry);
      turn.resolve();
      turn = Promise.withResolvers();
    }
  };
  const work = async () => {
    while (!ports.stop.aborted) {
      const next = progress.find(
        ({ preparation, waiting }) => preparation?.state === 'ready' && waiting.length > 0,
      );
      const file = next?.waiting.shift();
      if (next && file !== undefined) {
        const result = await ports.runFile(file, next.entry.suite.fileLimit);
        next.files.push(result);
        ports.onFile(next.entry.suite.name, result);
      } else if (progress.some(({ preparation }) => preparation === undefined)) {
        await turn.promise;
      } else {
        return;
      }
    }
  };
  await Promise.all([prepareAll(), ...Array.from({ length: ports.concurrency }, work)]);
  return progress.map(({ entry, preparation, files }) => ({
    name: entry.suite.name,
    preparation: preparation ?? { state: 'failed', reason: 'The run was interrupted' },
    files,
  }));
}
