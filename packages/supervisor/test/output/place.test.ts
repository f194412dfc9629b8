import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';

import { logFileSystem } from '../../src/output/file-system.ts';

test('folders of logs are made with their parents', (t) => {
  const base = mkdtempSync(join(tmpdir(), 'mainstay-logs-'));
  t.after(() => rmSync(base, { recursive: true, force: true }));
  logFileSystem.makeDirectory('MAKE_DIRECTORY', join(base, 'a', 'b'));
  assert.ok(statSync(join(base, 'a', 'b')).isDirectory());
});

test(
  'a folder of logs where none can be made fails, and keeps nobody waiting',
  { skip: process.platform !== 'linux' },
  () => {
    assert.throws(() => logFileSystem.makeDirectory('MAKE_DIRECTORY', '/proc/nowhere/a'), { code: 'ENOENT' });
  },
);
