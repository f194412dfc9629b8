import type { TestContext } from 'node:test';

import { FaultWorld, type FaultWorldOptions } from './fault-world.ts';

export { assertAllLines, countedLines } from './assert-all-lines.ts';
export { assertNoOrphans, assertOnlyShown } from './assert-no-orphans.ts';
export {
  limitsOf,
  manifestOf,
  probeOf,
  restartRules,
  shellService,
  twoProcesses,
  writerService,
} from './declarations.ts';
export { FaultWorld } from './fault-world.ts';
export { filesOf, readLogFiles } from './log-files.ts';
export { descriptorsOf, killQuietly, residentBytesOf, runs } from './processes.ts';
export { until } from './until.ts';

/** A world that goes with the test, also when that fails. */
export function worldOf(t: Pick<TestContext, 'after'>, options: FaultWorldOptions = {}): FaultWorld {
  const world = new FaultWorld(options);
  t.after(() => world.dispose());
  return world;
}
