import assert from 'node:assert/strict';
import { createServer, type AddressInfo } from 'node:net';
import { describe, it } from 'node:test';

import { ServiceSockets } from '../../src/parts/service-sockets.ts';
import { declaration, recordedLog, until } from '../fixtures.ts';

describe(
  'the sockets of services',
  { skip: process.platform === 'win32' && 'descriptors are passed on POSIX' },
  () => {
    it('refuse a port that is taken, and are opened for a later start when it is free', async (t) => {
      const sockets = new ServiceSockets(recordedLog().logger);
      t.after(() => sockets.close());
      const other = createServer();
      await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
      const { port } = other.address() as AddressInfo;
      const web = declaration('web', { listen: [{ name: 'http', host: '127.0.0.1', port }] });
      const plain = declaration('plain');
      try {
        await assert.rejects(sockets.prepare([web, plain]), { code: 'SOCKET_PORT_IN_USE' });
        assert.throws(() => sockets.descriptorsFor(web), { code: 'SOCKET_PORT_IN_USE' });
      } finally {
        await new Promise((resolve) => other.close(resolve));
      }
      const opened = await until(
        () => {
          try {
            return sockets.descriptorsFor(web);
          } catch {
            return [];
          }
        },
        ({ length }) => length === 1,
        { what: 'a socket, once the port is free' },
      );
      assert.equal(opened[0]?.name, 'http');
      await sockets.prepare([web]);
      assert.equal(sockets.descriptorsFor(web)[0]?.fd, opened[0]?.fd, 'it outlives the starts');
      sockets.release('web');
      assert.throws(() => sockets.descriptorsFor(web), /not open yet/);
    });
  },
);
