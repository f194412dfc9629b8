// Runs the service whose entry file is the first argument; the other arguments are its own command line. Also what its
// worker threads load, which know the entry by the query of this module's URL.
import { pathToFileURL } from 'node:url';

import { main } from '@mainstay/service/main';

const self = new URL(import.meta.url);
const entry = self.searchParams.get('entry') ?? pathToFileURL(process.argv[2] ?? '').href;
self.searchParams.set('entry', entry);

await main({
  load: () => import(entry) as Promise<{ default?: unknown }>,
  entry: self.href,
  argv: process.argv.slice(3),
});
