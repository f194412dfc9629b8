// npm run soak: see options.ts for its usage.
import { writeFile } from 'node:fs/promises';

import { help, parseOptions, type SoakOptions } from './options.ts';
import { reportLines } from './report.ts';
import { soak } from './soak.ts';

const print = (line: string): void => void process.stdout.write(`${line}\n`);

function readOptions(): SoakOptions | undefined {
  try {
    return parseOptions(process.argv.slice(2));
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n`);
    return process.exit(2);
  }
}

const options = readOptions();
if (!options) print(help);
else {
  const result = await soak(options, print);
  for (const line of reportLines(result)) print(line);
  if (options.json !== undefined) await writeFile(options.json, `${JSON.stringify(result, undefined, 2)}\n`);
  process.exitCode = result.broken.length === 0 ? 0 : 1;
}
