import assert from 'node:assert/strict';
import { it } from 'node:test';
import { windowsExecutable } from './executables.ts';
import { Wine } from './wine.ts';

it('a native addon, fetched for Windows on this machine, computes inside the executable', async () => {
  const file = await windowsExecutable('addon');
  await using wine = await Wine.start();
  const { code, stdout, stderr } = await wine.run(file, ['run']);
  assert.equal(code, 0, stdout + stderr);
  const line = stdout.split('\n').find((text) => text.includes('"Checksum"'));
  // The check value of CRC-32 (ITU-T V.42).
  assert.equal((JSON.parse(line ?? '{}') as { crc?: number }).crc, 0xcbf43926, stdout);
});
