import assert from 'node:assert/strict';
import { join } from 'node:path';
import { mainstay } from './newcomer.ts';

/** `mainstay init my-service` and `mainstay build` in an empty folder; gives the executable's path. */
export async function makeService(folder: string): Promise<string> {
  const made = await mainstay(folder, ['init', 'my-service']);
  assert.equal(made.code, 0, made.stderr);
  const built = await mainstay(join(folder, 'my-service'), ['build']);
  assert.equal(built.code, 0, built.stderr);
  return join(folder, `my-service/out/my-service-${process.platform}-${process.arch}`);
}
