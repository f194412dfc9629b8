import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { ffi } from '../../src/ffi/index.ts';
import { encodeUnixAddress, openDatagramSocket } from '../../src/systemd/datagram-socket.ts';

/** A receiver as systemd has one: Node itself cannot be it. */
function receiver(address: string) {
  const libc = ffi().load(null);
  const socket = libc.func('int socket(int domain, int type, int protocol)');
  const bind = libc.func('int bind(int fd, const void *address, uint32_t size)');
  const recv = libc.func('intptr_t recv(int fd, _Out_ void *data, size_t length, int flags)');
  const close = libc.func('int close(int fd)');
  const fd = Number(socket(1, 2 | 0o4000, 0));
  const name = encodeUnixAddress(address);
  assert.equal(bind(fd, name, name.length), 0);
  return {
    /** The next datagram; undefined when there is none. */
    next(): string | undefined {
      const buffer = Buffer.alloc(8192);
      const length = Number(recv(fd, buffer, buffer.length, 0));
      return length < 0 ? undefined : buffer.subarray(0, length).toString();
    },
    [Symbol.dispose]: () => void close(fd),
  };
}

describe('a Unix datagram socket', { skip: process.platform !== 'linux' && 'Linux only' }, () => {
  it('sends to a path', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'notify-'));
    try {
      const address = join(directory, 'socket');
      using systemd = receiver(address);
      const socket = openDatagramSocket(address);
      assert.equal(socket.send(Buffer.from('READY=1\nSTATUS=Läuft')), 'sent');
      assert.equal(socket.send(Buffer.from('WITH=1'), 0), 'sent');
      assert.equal(systemd.next(), 'READY=1\nSTATUS=Läuft');
      assert.equal(systemd.next(), 'WITH=1');
      socket.close();
    } finally {
      await rm(directory, { recursive: true });
    }
  });

  it('sends to an abstract name, and says when the queue is full instead of waiting', () => {
    const address = `@mainstay-test-${process.pid}`;
    using systemd = receiver(address);
    const socket = openDatagramSocket(address);
    let sent = 0;
    while (socket.send(Buffer.from(String(sent))) === 'sent') {
      sent += 1;
      assert.ok(sent < 100_000);
    }
    assert.ok(sent > 0);
    assert.equal(systemd.next(), '0');
    assert.equal(socket.send(Buffer.from('again')), 'sent');
    socket.close();
  });

  it('fails with the errno when nobody listens', () => {
    const socket = openDatagramSocket(`@mainstay-nobody-${process.pid}`);
    // ECONNREFUSED
    assert.throws(() => socket.send(Buffer.from('x')), { errno: 111 });
    socket.close();
  });
});
