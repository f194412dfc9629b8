import { createStyle, type TextStream } from '@mainstay/service/terminal';
import type { Command } from 'commander';

import { createMainstay } from './command-line.ts';

/** The command line without anything behind it, for the reference page. */
export function createProgram(): Command {
  const silent: TextStream = { write() {}, isTTY: false, columns: 100, style: createStyle(false) };
  const output = { out: silent, err: silent };
  return createMainstay({ env: {}, cwd: '.', output, interrupted: new AbortController() }, () => {});
}
