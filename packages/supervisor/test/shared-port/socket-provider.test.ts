import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { SocketProvider } from '../../src/shared-port/socket-provider.ts';

/** Opens nothing, and knows what would be open. */
function fakeSockets() {
  const open = new Set<number>();
  const taken = new Set<number>();
  let next = 10;
  const provider = new SocketProvider({
    async open({ port }) {
      await new Promise(setImmediate);
      if (taken.has(port)) throw new Error(`port ${port} is taken`);
      const fd = next++;
      open.add(fd);
      return { fd, duplicate: () => fd + 1000, close: () => void open.delete(fd) };
    },
  });
  return { provider, open, taken };
}

const on = (...ports: number[]) => ({
  name: 'web',
  listen: ports.map((port) => ({ name: `p${port}`, host: '127.0.0.1', port })),
});

describe('the sockets of a service', () => {
  it('are opened once, whoever asks, also at the same time', async () => {
    const { provider, open } = fakeSockets();
    const asked = await Promise.all([
      provider.descriptorsFor(on(80, 81)),
      provider.descriptorsFor(on(80, 81)),
    ]);
    const expected = [
      { fd: 10, name: 'p80' },
      { fd: 11, name: 'p81' },
    ];
    assert.deepEqual(asked, [expected, expected]);
    assert.deepEqual(await provider.descriptorsFor(on(80, 81)), expected);
    assert.deepEqual([...open], [10, 11]);
  });

  it('stay open over a new declaration that has them too, and the others are closed', async () => {
    const { provider, open } = fakeSockets();
    await provider.descriptorsFor(on(80, 81));
    assert.deepEqual(await provider.descriptorsFor(on(82, 80)), [
      { fd: 12, name: 'p82' },
      { fd: 10, name: 'p80' },
    ]);
    assert.deepEqual([...open], [10, 12]);
    assert.equal(provider.duplicate('web', 4), 1010);
    assert.equal(provider.duplicate('web', 5), undefined);
  });

  it('are as they were when one of a new declaration cannot be opened', async () => {
    const { provider, open, taken } = fakeSockets();
    await provider.descriptorsFor(on(80));
    taken.add(90);
    await assert.rejects(provider.descriptorsFor(on(81, 90)), /port 90 is taken/);
    assert.deepEqual([...open], [10]);
    taken.clear();
    assert.deepEqual(
      (await provider.descriptorsFor(on(80, 90))).map(({ name }) => name),
      ['p80', 'p90'],
    );
  });

  it('are closed with the service, and with the provider', async () => {
    const { provider, open } = fakeSockets();
    await provider.descriptorsFor(on(80));
    await provider.descriptorsFor({ ...on(80), name: 'other' });
    provider.release('web');
    assert.deepEqual([...open], [11]);
    assert.equal(provider.duplicate('web', 3), undefined);
    provider.close();
    assert.deepEqual([...open], []);
  });
});
