import { readdir, readFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';

/** Environment variable by which a test file's processes are known, also those that left its process group. */
export const markName = 'MAINSTAY_TEST_FILE';

export interface MarkedProcess {
  readonly pid: number;
  readonly command: string;
}

/** Living processes that inherited the mark. Reads /proc, so it finds nothing outside Linux. */
export async function markedProcesses(mark: string): Promise<MarkedProcess[]> {
  const found: MarkedProcess[] = [];
  for (const name of await readdir('/proc').catch(() => [])) {
    if (!/^\d+$/.test(name)) continue;
    // Empty for a process that has ended and waits for its parent.
    const environment = await readFile(`/proc/${name}/environ`, 'latin1').catch(() => '');
    if (!environment.split('\0').includes(`${markName}=${mark}`)) continue;
    const command = await readFile(`/proc/${name}/cmdline`, 'latin1').catch(() => '');
    found.push({ pid: Number(name), command: command.replaceAll('\0', ' ').trim() });
  }
  return found;
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // it ended in the meantime
  }
}

/**
 * Ends what a test file left behind: those that clean up by themselves get `grace` ms, the rest is killed.
 * @returns what had to be killed
 */
export async function sweep(mark: string, grace: number): Promise<MarkedProcess[]> {
  const end = performance.now() + grace;
  let left = await markedProcesses(mark);
  while (left.length > 0 && performance.now() < end) {
    await delay(100);
    left = await markedProcesses(mark);
  }
  const killed = left;
  while (left.length > 0) {
    for (const { pid } of left) kill(pid);
    await delay(50);
    left = await markedProcesses(mark);
  }
  return killed;
}

/** Kills a process group. */
export function killGroup(leader: number): void {
  kill(process.platform === 'win32' ? leader : -leader);
}
