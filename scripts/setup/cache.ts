import { existsSync } from 'node:fs';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createHash } from 'node:crypto';
import { homedir } from 'node:os';
import { join } from 'node:path';

/** Where what the suites download is kept between runs; shared by every checkout of this user. */
export function cacheFolder(): string {
  const chosen = process.env['MAINSTAY_TEST_CACHE'];
  return chosen || join(process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'mainstay-test');
}

/** A prepared folder in the cache. Its name carries a hash of its recipe, so a changed recipe is a new folder. */
export interface CacheEntry {
  readonly path: string;
  /** Whether a setup ran to its end at this very path; unpacked programs have their path patched in. */
  isComplete(): Promise<boolean>;
  /** Runs `make` on an empty folder. Killed half-way, the folder stays incomplete and is made again. */
  fill(make: (path: string) => Promise<void>): Promise<void>;
}

export function cacheEntry(name: string, recipe: unknown): CacheEntry {
  const key = createHash('sha256').update(JSON.stringify(recipe)).digest('hex').slice(0, 12);
  const path = join(cacheFolder(), `${name}-${key}`);
  const marker = join(path, 'complete');
  const isComplete = async () => existsSync(marker) && (await readFile(marker, 'utf8')) === path;
  return {
    path,
    isComplete,
    async fill(make) {
      if (await isComplete()) return;
      await rm(path, { recursive: true, force: true });
      await mkdir(path, { recursive: true });
      await make(path);
      await writeFile(marker, path);
    },
  };
}
