// An agent of nothing but a native runner, for native-runner.ts: `native-agent.ts DIRECTORY SCRIPT`. It starts the
// program, or takes it over, and says each run and its end, a JSON line each.
import { createManager, systemClock } from '@mainstay/platform';
import { NativeRunner } from '../../../packages/supervisor/src/native-runner/native-runner.ts';
import {
  declarationOf,
  noEvents,
  noOutput,
  silent,
  specOf,
} from '../../../packages/supervisor/test/native-runner/declarations.ts';

const [directory = '', script = ''] = process.argv.slice(2);
const manager = await createManager({ scope: 'system' });
const runner = new NativeRunner({ manager, clock: systemClock, log: silent, directory });
const declaration = declarationOf(script, { name: 'outlives' });
const wanted = (id: { readonly service: string; readonly instance: number }) =>
  id.service === 'outlives' ? specOf(declaration, 2, id.instance) : undefined;

const adopted = await runner.adopt(wanted, () => noEvents);
const run = adopted[0] ?? runner.start(specOf(declaration), noEvents, noOutput());
while (run.pid === undefined) await new Promise((resolve) => setTimeout(resolve, 10));
process.stdout.write(`${JSON.stringify({ isAdopted: adopted.length > 0, pid: run.pid })}\n`);
process.stdout.write(`${JSON.stringify({ end: await run.ended })}\n`);
