// Sockets of `listen:` through a whole agent: programs in two languages that take descriptor 3.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { connect, createServer, type AddressInfo } from 'node:net';
import { describe, it } from 'node:test';

import { AgentWorld } from '../agent/agent-process.ts';
import { declaration, manifestOf, until } from '../fixtures.ts';

const isLinux = process.platform === 'linux';

/** Each tells its pid and what it was told of its sockets, and hangs up. */
const programs = {
  'Node (of node:cluster)': [
    process.execPath,
    '-e',
    `require('node:net').createServer((socket) => {
       const { LISTEN_FDS, LISTEN_FDNAMES } = process.env;
       socket.end([process.pid, LISTEN_FDS, LISTEN_FDNAMES].join(' '));
     }).listen({ fd: 3 });`,
  ],
  Python: [
    'python3',
    '-c',
    `import os, socket
listener = socket.socket(fileno=3)
assert os.environ["LISTEN_PID"] == str(os.getpid())
told = " ".join([str(os.getpid()), os.environ["LISTEN_FDS"], os.environ["LISTEN_FDNAMES"]])
listener.setblocking(True)
while True:
    connection, _ = listener.accept()
    connection.sendall(told.encode())
    connection.close()`,
  ],
} as const;

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

interface Outcome {
  readonly text: string;
  /** Empty when all went well. */
  readonly errno: string;
}

function ask(port: number): Promise<Outcome> {
  return new Promise((resolve) => {
    let text = '';
    const socket = connect(port, '127.0.0.1');
    socket.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
    socket.on('error', ({ code = '' }: NodeJS.ErrnoException) => resolve({ text, errno: code }));
    socket.on('close', () => resolve({ text, errno: '' }));
  });
}

describe('a socket that an agent passes on', { skip: !isLinux && 'what runs is read from /proc' }, () => {
  for (const [language, [command, ...args]] of Object.entries(programs))
    it(`is shared by the instances of a program in ${language}, and refuses nobody over a restart`, async (t) => {
      if (spawnSync(command, ['--version']).status !== 0) return t.skip(`there is no ${command}`);
      const world = new AgentWorld(t);
      await world.start();
      const port = await freePort();
      const web = declaration('web', {
        program: { type: 'exec', command, args },
        cwd: world.base,
        instances: 2,
        listen: [{ name: 'http', host: '127.0.0.1', port }],
      });
      await world.client.apply(manifestOf(web));
      const pids = new Set<string>();
      await until(
        async () => {
          const { text, errno } = await ask(port);
          assert.notEqual(errno, 'ECONNREFUSED');
          const [pid = '', ...rest] = text.split(' ');
          if (pid !== '') assert.deepEqual(rest, ['1', 'http']);
          return pid === '' ? pids : pids.add(pid);
        },
        ({ size }) => size === 2,
        { what: 'an answer of each instance' },
      );

      const restarted = new AbortController();
      const outcomes: Outcome[] = [];
      const asking = (async () => {
        while (!restarted.signal.aborted) outcomes.push(await ask(port));
      })();
      try {
        await world.client.act('restart', ['web']);
      } finally {
        restarted.abort();
      }
      await asking;
      assert.deepEqual(
        outcomes.filter(({ errno }) => errno === 'ECONNREFUSED'),
        [],
      );
      const after = await until(
        () => ask(port),
        ({ text }) => text !== '',
      );
      assert.ok(!pids.has(after.text.split(' ')[0] ?? ''), 'a new process answers');

      await world.client.apply(manifestOf());
      await until(
        () => ask(port),
        ({ errno }) => errno === 'ECONNREFUSED',
        { what: 'the port free, once the service is gone' },
      );
    });
});
