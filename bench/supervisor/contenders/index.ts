import os from 'node:os';
import path from 'node:path';

import type { Available, Contender } from '../contender.ts';
import type { Fixtures } from '../rows.ts';
import { mainstay } from './mainstay.ts';
import { pm2 } from './pm2.ts';
import { supervisord } from './supervisord.ts';
import { systemd } from './systemd.ts';

/** What is to be had on this machine; for the others, why not. OxMgr is in no package registry. */
export async function findContenders(
  built: string,
  fixtures: Fixtures,
  only?: readonly string[],
): Promise<{ readonly contenders: readonly Contender[]; readonly skipped: readonly string[] }> {
  const all: Readonly<Record<string, () => Available | Promise<Available>>> = {
    mainstay: () => mainstay(built),
    pm2: () => pm2(process.execPath),
    supervisord: () => supervisord(path.join(os.homedir(), '.cache', 'mainstay-bench')),
    systemd: () => systemd(fixtures),
  };
  const contenders: Contender[] = [];
  const skipped: string[] = ['OxMgr: it is in no package registry (npm, crates.io, PyPI)'];
  for (const [name, find] of Object.entries(all)) {
    if (only && !only.includes(name)) continue;
    const available = await find();
    if (available.ok) contenders.push(available.contender);
    else skipped.push(`${name}: ${available.reason}`);
  }
  return { contenders, skipped };
}
