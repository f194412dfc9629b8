import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { TestContext } from 'node:test';
import type { StandardSchemaV1 } from '@standard-schema/spec';
import { formatProblem } from '../../src/config/format.ts';
import {
  loadConfig,
  type InvalidConfig,
  type LoadConfigOptions,
  type LoadedConfig,
} from '../../src/config/load.ts';

type Options<Schema extends StandardSchemaV1> = Partial<LoadConfigOptions<Schema>> & {
  readonly schema: Schema;
};

/** Loads for the service `orders-api` from a directory that has no file unless `cwd` says otherwise. */
export function tryLoad<Schema extends StandardSchemaV1>(options: Options<Schema>) {
  return loadConfig({
    serviceName: 'orders-api',
    env: {},
    cwd: join(tmpdir(), 'no-such-directory'),
    ...options,
  });
}

export async function loads<Schema extends StandardSchemaV1>(
  options: Options<Schema>,
): Promise<LoadedConfig<StandardSchemaV1.InferOutput<Schema>>> {
  const result = await tryLoad(options);
  assert.ok(result.ok, result.ok ? '' : result.problems.map(formatProblem).join('\n'));
  return result;
}

export async function fails(options: Options<StandardSchemaV1>): Promise<InvalidConfig> {
  const result = await tryLoad(options);
  assert.ok(!result.ok, 'should have problems');
  return result;
}

/** A directory with these files, removed after the test. */
export function tempDir(t: TestContext, files: Readonly<Record<string, string | Buffer>>): string {
  const directory = mkdtempSync(join(tmpdir(), 'mainstay-config-'));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(directory, name)), { recursive: true });
    writeFileSync(join(directory, name), content, { mode: 0o600 });
  }
  return directory;
}

/** As a small library would write it: asynchronous, object path segments, unknown keys are kept. */
export const looseSchema: StandardSchemaV1<unknown, { port: number }> = {
  '~standard': {
    version: 1,
    vendor: 'test',
    async validate(input) {
      await Promise.resolve();
      const value = input as { port: unknown };
      if (typeof value.port === 'number') return { value: { ...value, port: value.port } };
      return { issues: [{ message: 'Not a number.', path: [{ key: 'port' }] }] };
    },
  },
};
