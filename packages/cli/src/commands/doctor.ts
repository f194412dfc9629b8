import { access, constants, mkdir } from 'node:fs/promises';
import { createRequire } from 'node:module';

import { defaultCacheFolder, hostTarget } from '@mainstay/build';
import { messageOf } from '@mainstay/core';
import {
  clockCheck,
  diskCheck,
  fail,
  ffiCheck,
  ok,
  runChecks,
  warn,
  type Check,
} from '@mainstay/service/commands/doctor';

import type { CliContext } from '../context.ts';

/** Whether this machine can run services from source and build them. */
export async function doctor(context: CliContext, options: { readonly json?: boolean }): Promise<number> {
  const cache = defaultCacheFolder();
  const checks: Check[] = [
    {
      name: 'runtime',
      run: async () =>
        ok(`Node ${process.versions.node}, ${hostTarget() ?? `${process.platform}-${process.arch}`}`),
    },
    ffiCheck(),
    moduleCheck('esbuild', 'bundles'),
    moduleCheck('typescript', 'checks types'),
    cacheCheck(cache),
    diskCheck(cache),
    clockCheck({ now: () => Date.now() }),
    {
      name: 'manifest',
      run: async () => {
        try {
          await access('mainstay.yaml', constants.R_OK);
          return ok('mainstay.yaml is here');
        } catch {
          return warn('no mainstay.yaml in this folder', '`up` needs one; -f names another file');
        }
      },
    },
  ];
  return runChecks(checks, context.output, options);
}

function moduleCheck(name: string, purpose: string): Check {
  return {
    name,
    async run() {
      try {
        const { version } = createRequire(import.meta.resolve('@mainstay/build'))(`${name}/package.json`) as {
          version: string;
        };
        return ok(`${version}, ${purpose}`);
      } catch (error) {
        return fail(messageOf(error), 'Run `npm ci`');
      }
    },
  };
}

function cacheCheck(folder: string): Check {
  return {
    name: 'cache',
    async run() {
      try {
        await mkdir(folder, { recursive: true });
        await access(folder, constants.W_OK);
        return ok(folder);
      } catch (error) {
        return fail(messageOf(error), 'Name a folder that can be written with MAINSTAY_CACHE');
      }
    },
  };
}
