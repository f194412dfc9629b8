// Runs under Wine, on Node for Windows; see `running-programs.test.ts`.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { it } from 'node:test';
import { normalizeDacl } from '../../../packages/platform/src/windows/security.ts';
import {
  currentUserSid,
  pipeSddl,
  protectPipe,
  readPipeSecurity,
} from '../../../packages/platform/src/windows/pipe-security.ts';

it('a named pipe is closed to others, and serves its owner (Wine keeps the entries, not that they are protected, and holds nobody to them)', async () => {
  const path = `\\\\.\\pipe\\mainstay-${process.pid}`;
  const server = createServer((socket) => {
    socket.on('error', () => socket.destroy());
    socket.end('hello');
  });
  server.listen(path);
  await once(server, 'listening');
  try {
    protectPipe(path);
    const { dacl } = readPipeSecurity(path);
    const entries = (sddl: string) => normalizeDacl(sddl).replace('D:P', 'D:');
    assert.equal(entries(dacl), entries(pipeSddl(currentUserSid())));
    const socket = connect(path);
    const [data] = (await once(socket, 'data')) as [Buffer];
    assert.equal(String(data), 'hello');
    socket.destroy();
  } finally {
    server.close();
  }
  await once(server, 'close');
  assert.throws(() => readPipeSecurity(path), {
    code: 'WINDOWS_CALL_FAILED',
    details: { call: 'CreateFileW', code: 2 },
  });
});
