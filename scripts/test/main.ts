// npm test: see options.ts for its usage.
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { prepare } from './needs.ts';
import { help, type Options, parseOptions } from './options.ts';
import { plan, type PlannedSuite } from './plan.ts';
import { runFile } from './run-file.ts';
import { run } from './run.ts';
import { findTestFiles, suites } from './suites.ts';
import { closingLines, exitCodeOf, fileLines, totalsOf } from './summary.ts';

const root = join(import.meta.dirname, '../..');
const print = (text: string) => process.stdout.write(`${text}\n`);

function readOptions(): Options {
  try {
    return parseOptions(process.argv.slice(2));
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n`);
    process.exit(2);
  }
}

function list(planned: readonly PlannedSuite[]): void {
  for (const { suite, files } of planned) {
    print(`${suite.name}: ${suite.about}`);
    for (const file of files) print(`  ${file}`);
  }
}

/** Aborts on the first Ctrl-C, so that what runs is cleaned up; the second ends at once. */
function interruptible(): AbortSignal {
  const controller = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => {
      if (controller.signal.aborted) process.exit(130);
      print(`${signal}: stopping what runs`);
      controller.abort();
    });
  }
  return controller.signal;
}

const options = readOptions();
const { planned, problems } = plan(await findTestFiles(root), options.suites, options.filters);
if (options.mode === 'help') print(help);
else if (options.mode === 'list') list(planned);
else await main();

async function main(): Promise<void> {
  const start = performance.now();
  const stop = interruptible();
  const total = planned.reduce((count, { files }) => count + files.length, 0);
  let done = 0;
  print(`${total} test files in ${planned.length} of ${suites.length} suites`);
  const results = await run(planned, {
    stop,
    concurrency: 2,
    prepare: async ({ suite }) => prepare(suite.needs, (text) => print(`  ${suite.name}: ${text}`)),
    runFile: async (file, limit) => runFile(root, file, limit, stop),
    onFile: (suite, result) => {
      done += 1;
      const [head, ...details] = fileLines(suite, result);
      print(`[${done}/${total}] ${head}`);
      for (const line of details) print(line);
    },
  });
  const totals = totalsOf(results, problems);
  if (options.json !== undefined) {
    const seconds = (performance.now() - start) / 1000;
    await writeFile(
      options.json,
      `${JSON.stringify({ totals, seconds, problems, suites: results }, undefined, 2)}\n`,
    );
  }
  print(`\nTook ${((performance.now() - start) / 1000).toFixed(1)} s:`);
  for (const line of closingLines(results, problems)) print(line);
  process.exitCode = stop.aborted ? 130 : exitCodeOf(totals);
}
