// Runs the service whose entry file is the first argument; the other arguments are its own command line. Also what its
// worker threads load, which know the entry by the query of this module's URL.
import { pathToFileURL } from 'node:url';
import { isMainThread } from 'node:worker_threads';

import { main } from '@mainstay/service/main';

import { packageVersion } from './package-version.ts';
import { provideSdk } from './sdk-fallback.ts';

const self = new URL(import.meta.url);
const entry = self.searchParams.get('entry') ?? pathToFileURL(process.argv[2] ?? '').href;
self.searchParams.set('entry', entry);

provideSdk();
if (isMainThread && process.channel) process.once('disconnect', () => process.once('exit', endOwnGroup));

const version = packageVersion(entry);
await main({
  ...(version === undefined ? {} : { version }),
  load: () => import(entry) as Promise<{ default?: unknown }>,
  entry: self.href,
  argv: process.argv.slice(3),
});

/** The supervisor would have killed what we leave behind, but it is gone. */
function endOwnGroup(): void {
  if (process.platform === 'win32') return;
  try {
    // Fails unless we lead a group of our own, as the children of `mainstay up` do (kill(2), setsid(2)).
    process.kill(-process.pid, 'SIGKILL');
  } catch {
    // The group of somebody else is not ours to end.
  }
}
