import { open } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import type { LogQuery } from '@mainstay/core';
import { platformErrors } from '../errors.ts';

/** Between two looks at the file, in ms. */
const pollMs = 250;
const chunkBytes = 64 * 1024;

/** The last lines of a file, then what is added to it; begins anew when the file is cut. Throws MANAGER_UNAVAILABLE. */
export async function* readLogFile(path: string, query: LogQuery): AsyncGenerator<string> {
  const file = await open(path, 'r').catch((error: unknown) => {
    throw platformErrors.error(
      'MANAGER_UNAVAILABLE',
      `Log file ${path} cannot be read: ${(error as Error).message}`,
      { cause: error },
    );
  });
  try {
    const { size } = await file.stat();
    let position = await startOfLastLines(file, size, Math.max(0, Math.trunc(query.lines)));
    let rest = '';
    const decoder = new TextDecoder();
    for (;;) {
      const { bytesRead, buffer } = await file.read(Buffer.alloc(chunkBytes), 0, chunkBytes, position);
      position += bytesRead;
      const lines = (rest + decoder.decode(buffer.subarray(0, bytesRead), { stream: true })).split('\n');
      rest = lines.pop() ?? '';
      yield* lines;
      if (bytesRead > 0) continue;
      if (!query.follow || query.signal?.aborted) break;
      await delay(pollMs, undefined, query.signal ? { signal: query.signal } : {}).catch(() => undefined);
      if ((await file.stat()).size < position) position = 0;
    }
    if (rest !== '') yield rest;
  } finally {
    await file.close();
  }
}

/** Where the last `count` lines begin, looking from the end of the file. */
async function startOfLastLines(
  file: Awaited<ReturnType<typeof open>>,
  size: number,
  count: number,
): Promise<number> {
  if (count === 0) return size;
  let left = count;
  for (let end = size; end > 0; end -= chunkBytes) {
    const begin = Math.max(0, end - chunkBytes);
    const { buffer } = await file.read(Buffer.alloc(end - begin), 0, end - begin, begin);
    for (let at = buffer.length - 1; at >= 0; at -= 1) {
      // The line break at the very end closes the last line and begins none.
      if (buffer[at] !== 0x0a || begin + at === size - 1) continue;
      left -= 1;
      if (left === 0) return begin + at + 1;
    }
  }
  return 0;
}
