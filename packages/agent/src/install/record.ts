import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import type { ServiceSpec } from '@mainstay/core';
import { writeFileAtomic } from '@mainstay/platform';

import { isRecord } from '../manifest/shape.ts';

/** What was installed last; kept beside the versions, so that an upgrade that fails can go back. */
export interface InstallRecord {
  readonly version: string;
  readonly spec: ServiceSpec;
}

const path = (folder: string): string => join(folder, 'installed.json');

/** Undefined when there is none, or it cannot be read: there is nothing to go back to then. */
export async function readRecord(folder: string): Promise<InstallRecord | undefined> {
  try {
    const value: unknown = JSON.parse(await readFile(path(folder), 'utf8'));
    if (!isRecord(value) || typeof value['version'] !== 'string' || !isRecord(value['spec']))
      return undefined;
    return value as unknown as InstallRecord;
  } catch {
    return undefined;
  }
}

export async function writeRecord(folder: string, record: InstallRecord): Promise<void> {
  await writeFileAtomic(path(folder), `${JSON.stringify(record)}\n`);
}
