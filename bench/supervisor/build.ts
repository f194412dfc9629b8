import { spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';

import type { Fixtures } from './rows.ts';

const fixture = (name: string): string => new URL(`fixtures/${name}`, import.meta.url).pathname;

/** Compiles the services that are supervised. Throws when there is no Go: a slow service would hide the supervisor. */
export function buildFixtures(directory: string, node: string): Fixtures {
  mkdirSync(directory, { recursive: true });
  const compile = (name: string): string => {
    const out = join(directory, name);
    const { status, stderr, error } = spawnSync(
      'go',
      ['build', '-ldflags', '-s -w', '-o', out, fixture(`${name}.go`)],
      { encoding: 'utf8', env: { ...process.env, CGO_ENABLED: '0', GO111MODULE: 'off' } },
    );
    if (status !== 0)
      throw new Error(`This bench needs Go to compile its services: ${error?.message ?? stderr}`);
    return out;
  };
  return {
    tcpServer: [compile('tcp-server')],
    nodeServer: [node, fixture('tcp-server.mjs')],
    chatter: [compile('chatter')],
    web: [node, fixture('web.mjs')],
  };
}
