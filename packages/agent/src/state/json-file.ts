import { readFileSync, renameSync } from 'node:fs';

import { messageOf, type Logger } from '@mainstay/core';

/**
 * Reads what an earlier agent wrote. A file that `read` does not accept (it throws), or that cannot be read, is set
 * aside with a warning, so that it neither stops this agent nor is lost.
 *
 * @returns undefined when there is no usable file
 */
export function readJsonFile<Value>(
  path: string,
  read: (value: unknown) => Value,
  { log, now }: { readonly log: Logger; readonly now: () => number },
): Value | undefined {
  try {
    return read(JSON.parse(readFileSync(path, 'utf8')));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    const aside = `${path}.damaged-${now()}`;
    log.warn({ path, aside, error: messageOf(error) }, 'A damaged state file was set aside');
    try {
      renameSync(path, aside);
    } catch (failure) {
      log.warn({ path, error: messageOf(failure) }, 'The damaged state file could not be set aside');
    }
    return undefined;
  }
}
