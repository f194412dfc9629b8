import { drained, processOutput } from '@mainstay/service/terminal';

import { runMainstay } from './command-line.ts';

const interrupted = new AbortController();
const code = await runMainstay(process.argv.slice(2), {
  env: process.env,
  cwd: process.cwd(),
  output: processOutput(),
  interrupted,
});
await drained();
process.exit(code);
