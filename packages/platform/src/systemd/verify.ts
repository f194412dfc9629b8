import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ServiceScope } from '@mainstay/core';
import type { CommandRunner } from '../command/run-command.ts';
import { platformErrors } from '../errors.ts';

/**
 * Lets `systemd-analyze verify` read a unit before it is installed. It ends with 0 also for keys that it does not
 * know, so it is what it prints about this unit that counts. Throws MANAGER_DEFINITION_REJECTED. Does nothing where
 * systemd-analyze is not installed.
 */
export async function verifyUnit(
  unit: string,
  text: string,
  scope: ServiceScope,
  run: CommandRunner,
): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), 'unit-'));
  try {
    const path = join(directory, unit);
    await writeFile(path, text, { mode: 0o644 });
    const mode = scope === 'user' ? '--user' : '--system';
    const { stderr } = await run('systemd-analyze', ['verify', mode, '--man=no', path]);
    const complaints = stderr
      .split('\n')
      .filter((line) => line.includes(path) || line.startsWith(`${unit}:`));
    if (complaints.length === 0) return;
    throw platformErrors.error(
      'MANAGER_DEFINITION_REJECTED',
      `Systemd does not take the unit ${unit}; nothing was changed:\n${complaints.join('\n').replaceAll(`${directory}/`, '')}`,
      { details: { complaints } },
    );
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}
