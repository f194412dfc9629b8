import type { Output } from '@mainstay/service/terminal';

import type { Machine } from './machine.ts';

/** Everything that the commands take from outside, so that a test can give it. */
export interface CliContext {
  readonly env: NodeJS.ProcessEnv;
  readonly cwd: string;
  readonly output: Output;
  /** For commands that end early on Ctrl-C; each that does listens for the signal itself. */
  readonly interrupted: AbortController;
  /** Where `agent …` installs. @default thisMachine() */
  readonly machine?: Machine;
}
