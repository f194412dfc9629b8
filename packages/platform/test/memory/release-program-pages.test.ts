import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';

import { mappingsOfFilesAlone } from '../../src/memory/release-program-pages.ts';

const smaps = `00400000-0082e000 r--p 00000000 fe:00 99 /opt/a b
Size:               4280 kB
Anonymous:             0 kB
0082e000-0089e000 rw-p 00000000 fe:00 99 /opt/a b
Anonymous:             0 kB
7f01-7f02 r--p 00000000 fe:00 98 /lib/relocated.so
Anonymous:            16 kB
7f03-7f04 r-xp 00000000 fe:00 98 /lib/x.so
Anonymous:             0 kB
7f05-7f06 r-xp 00000000 00:00 0 [vdso]
Anonymous:             0 kB
7f07-7f08 r--p 00000000 00:00 0
Anonymous:             0 kB
`;

describe('pages of the program', () => {
  it('are given up only where they are all the file’s', () => {
    assert.deepEqual(mappingsOfFilesAlone(smaps), [
      { from: 0x400000, to: 0x82e000 },
      { from: 0x7f03, to: 0x7f04 },
    ]);
  });

  it(
    'are given back, and come again',
    { skip: process.platform !== 'linux' && 'madvise(2) of Linux' },
    () => {
      const fixture = fileURLToPath(new URL('fixtures/give-back.ts', import.meta.url));
      const { before, after, works } = JSON.parse(
        execFileSync(process.execPath, [fixture], { encoding: 'utf8' }),
      ) as {
        before: number;
        after: number;
        works: boolean;
      };
      assert.ok(works);
      assert.ok(after < before / 2, `${before} kB before, ${after} kB after`);
    },
  );
});
