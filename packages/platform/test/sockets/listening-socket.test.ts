import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fstatSync, readlinkSync } from 'node:fs';
import { connect, createServer, type AddressInfo } from 'node:net';
import { describe, it } from 'node:test';

import { encodeInternetAddress } from '../../src/sockets/address.ts';
import { openListeningSocket, portHolder, type ListeningSocket } from '../../src/sockets/index.ts';
import { socketConstants } from '../../src/sockets/libc.ts';

const skip = process.platform === 'linux' || process.platform === 'darwin' ? false : 'POSIX only';

/** A program that answers on descriptor 3 with its own name, and says so when it is ready. */
const answering = `
  const name = process.argv[1];
  require('node:net').createServer((socket) => socket.end(name)).listen({ fd: 3 }, () => console.log('ready'));
`;

/** Of a socket that the system gave a number. */
async function portOf(socket: ListeningSocket): Promise<number> {
  const server = createServer().listen({ fd: socket.duplicate() });
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

async function askFor(port: number, host = '127.0.0.1'): Promise<string> {
  const socket = connect(port, host).setEncoding('utf8');
  let text = '';
  socket.on('data', (chunk: string) => (text += chunk));
  await once(socket, 'close');
  return text;
}

describe('a listening socket for programs', { skip }, () => {
  it('is passed to a program, which accepts on it; what came before waits for it', async () => {
    const socket = await openListeningSocket({ host: '127.0.0.1', port: 0 });
    try {
      const port = await portOf(socket);
      const early = askFor(port);
      const child = spawn(process.execPath, ['-e', answering, 'one'], {
        stdio: ['ignore', 'pipe', 'inherit', socket.fd],
      });
      try {
        await once(child.stdout as NodeJS.ReadableStream, 'data');
        assert.equal(await early, 'one');
        assert.equal(await askFor(port), 'one');
      } finally {
        child.kill('SIGKILL');
      }
      await once(child, 'exit');
      // Nobody accepts, but it is open: a connection is made, and waits.
      const waiting = connect(port, '127.0.0.1');
      await once(waiting, 'connect');
      waiting.destroy();
    } finally {
      socket.close();
    }
  });

  it(
    'is not inherited by children that it is not passed to',
    { skip: process.platform !== 'linux' },
    async () => {
      const socket = await openListeningSocket({ host: '127.0.0.1', port: 0 });
      try {
        const own = readlinkSync(`/proc/self/fd/${socket.fd}`);
        const child = spawn('ls', ['-l', '/proc/self/fd/'], { stdio: ['ignore', 'pipe', 'inherit'] });
        let text = '';
        child.stdout.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
        await once(child, 'close');
        assert.match(text, / 1 -> /);
        assert.equal(text.includes(own), false, text);
      } finally {
        socket.close();
      }
    },
  );

  it('takes IPv6 addresses, alone', async (t) => {
    let socket: ListeningSocket;
    try {
      socket = await openListeningSocket({ host: '::1', port: 0 });
    } catch (error) {
      if ((error as { code?: string }).code !== 'SOCKET_ADDRESS_UNAVAILABLE') throw error;
      return t.skip('no IPv6 here');
    }
    try {
      const port = await portOf(socket);
      const client = connect(port, '::1');
      await once(client, 'connect');
      client.destroy();
    } finally {
      socket.close();
    }
  });

  it('says who has a port that is taken', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    try {
      await assert.rejects(openListeningSocket({ host: '127.0.0.1', port }), {
        code: 'SOCKET_PORT_IN_USE',
        message: new RegExp(
          process.platform === 'linux'
            ? String.raw`^Cannot listen on 127\.0\.0\.1:${port}: .+ \(pid ${process.pid}\) already does$`
            : 'already does$',
        ),
      });
    } finally {
      server.close();
    }
    if (process.platform === 'linux') assert.equal(await portHolder(port), undefined);
  });

  it('says that an address is not of this machine, and that a name is not known', async () => {
    // TEST-NET-1 (RFC 5737), and a name that can never be (RFC 6761).
    for (const host of ['192.0.2.1', 'nowhere.invalid'])
      await assert.rejects(openListeningSocket({ host, port: 0 }), { code: 'SOCKET_ADDRESS_UNAVAILABLE' });
  });

  it('closes once, whatever has the number afterwards', async () => {
    const socket = await openListeningSocket({ host: '127.0.0.1', port: 0 });
    socket.close();
    const other = await openListeningSocket({ host: '127.0.0.1', port: 0 });
    socket.close();
    assert.equal(fstatSync(other.fd).isSocket(), true);
    assert.throws(() => socket.duplicate(), { code: 'SOCKET_FAILED' });
    other.close();
    assert.throws(() => fstatSync(other.fd), { code: 'EBADF' });
  });
});

describe('addresses as the kernel takes them', () => {
  const linux = socketConstants('linux');
  assert.ok(linux);
  for (const [ip, hex] of [
    ['127.0.0.1', '02001f907f0000010000000000000000'],
    ['::', `0a001f9000000000${'00'.repeat(16)}00000000`],
    ['::1', `0a001f9000000000${'00'.repeat(15)}0100000000`],
    ['2001:db8::a:b', `0a001f900000000020010db80000000000000000000a000b00000000`],
    ['::ffff:10.0.0.1', `0a001f900000000000000000000000000000ffff0a00000100000000`],
  ] as const) {
    it(ip, () => assert.equal(encodeInternetAddress(ip, 8080, linux).toString('hex'), hex));
  }

  it('has its length in front on macOS', () => {
    const darwin = socketConstants('darwin');
    assert.ok(darwin);
    assert.equal(encodeInternetAddress('127.0.0.1', 80, darwin).toString('hex', 0, 8), '100200507f000001');
  });
});
