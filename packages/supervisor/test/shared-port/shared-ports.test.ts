import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { request } from 'node:http';
import { connect, createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterEach, describe, it } from 'node:test';

import { VirtualClock, type Logger } from '@mainstay/core';

import { keyOf, readClusterRequest } from '../../src/shared-port/protocol.ts';
import { SharedPorts, type SharedPortsOptions } from '../../src/shared-port/shared-ports.ts';
import { SocketProvider } from '../../src/shared-port/socket-provider.ts';
import { endProgram, plainServer, startProgram, type Program, type ProgramOptions } from './fixtures.ts';

const silent: Logger = {
  trace() {},
  debug() {},
  info() {},
  warn() {},
  error() {},
  fatal() {},
  child: () => silent,
};

const programs: Program[] = [];
const closing: Array<() => void> = [];

afterEach(async () => {
  await Promise.all(programs.splice(0).map((program) => endProgram(program)));
  for (const close of closing.splice(0)) close();
});

function openPorts(options: Pick<SharedPortsOptions, 'duplicate' | 'distributes'> = {}): {
  readonly ports: SharedPorts;
  readonly clock: VirtualClock;
} {
  const clock = new VirtualClock();
  const ports = new SharedPorts({ clock, log: silent, ...options });
  closing.push(() => ports.close());
  return { ports, clock };
}

function start(ports: SharedPorts, instance: number, options: Partial<ProgramOptions> = {}): Program {
  const program = startProgram({
    source: plainServer,
    ...options,
    env: { PORT: '0', NAME: String(instance), ...options.env, ...SharedPorts.environment(instance) },
  });
  programs.push(program);
  ports.attach(program.child, 'web');
  return program;
}

const portOf = async (program: Program): Promise<number> => Number((await program.said).split(' ')[1]);

/** On a connection of its own. */
function ask(port: number, path = '/'): Promise<string> {
  return new Promise((resolve, reject) => {
    request({ port, host: '127.0.0.1', path, agent: false }, (response) => {
      text(response).then(resolve, reject);
    })
      .on('error', reject)
      .end();
  });
}

/** Until each of the names has answered: who accepts is the kernel's choice. */
async function untilAll(port: number, names: readonly string[]): Promise<void> {
  const seen = new Set<string>();
  while (!names.every((name) => seen.has(name))) {
    // Some at once, so that one process alone cannot take them all between two turns of its loop.
    for (const name of await Promise.all(Array.from({ length: 20 }, () => ask(port)))) seen.add(name);
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** The pinned Node, and whatever other one is installed. */
const nodes = [process.execPath, ...otherNode()];

function otherNode(): string[] {
  try {
    const path = execFileSync('sh', ['-c', 'PATH=/usr/local/bin:/usr/bin:/bin command -v node'], {
      encoding: 'utf8',
    }).trim();
    return path === '' || path === process.execPath ? [] : [path];
  } catch {
    return [];
  }
}

/** Each process accepts, as on POSIX; or we do, as on Windows. */
const modes = nodes.flatMap((node) => [false, true].map((distributes) => ({ node, distributes })));

for (const { node, distributes } of modes) {
  const version = execFileSync(node, ['--version'], { encoding: 'utf8' }).trim();

  describe(`one port for several processes, Node ${version}${distributes ? ', in turn' : ''}`, () => {
    it('both serve on it', async () => {
      const { ports } = openPorts({ distributes });
      const [one, two] = [start(ports, 0, { node }), start(ports, 1, { node })];
      const port = await portOf(one);
      assert.equal(await portOf(two), port);
      await untilAll(port, ['0', '1']);
    });

    it('one dies, and nobody sees a refused connection', async () => {
      const { ports } = openPorts({ distributes });
      const [one, two] = [start(ports, 0, { node }), start(ports, 1, { node })];
      const port = await portOf(one);
      await two.said;
      await endProgram(one);
      assert.deepEqual(await Promise.all(Array.from({ length: 50 }, () => ask(port))), Array(50).fill('1'));
    });

    it('what comes while nobody is there waits for the next process', async () => {
      const { ports } = openPorts({ distributes });
      const env = { PORT: String(await freePort()), HOST: '127.0.0.1' };
      const one = start(ports, 0, { node, env });
      const port = await portOf(one);
      await endProgram(one);
      const answer = ask(port);
      start(ports, 0, { node, env: { ...env, NAME: 'next' } });
      assert.equal(await answer, 'next');
    });

    it('a port that another program has is an error of the server, as ever', async () => {
      const other = createServer().listen(0, '127.0.0.1');
      await once(other, 'listening');
      closing.push(() => other.close());
      const { port } = other.address() as AddressInfo;
      const { ports } = openPorts({ distributes });
      const env = { PORT: String(port), HOST: '127.0.0.1' };
      const taken = start(ports, 0, { node, env });
      assert.equal(await taken.said, 'error EADDRINUSE');
    });

    it('two servers of one process on one port are an error too', async () => {
      const { ports } = openPorts({ distributes });
      const source = `
        const net = require('node:net');
        const where = [Number(process.env.PORT), '127.0.0.1'];
        net.createServer().listen(...where, () => {
          net.createServer().on('error', (error) => console.log(error.code)).listen(...where);
        });`;
      const program = start(ports, 0, { node, source, env: { PORT: String(await freePort()) } });
      assert.equal(await program.said, 'EADDRINUSE');
    });

    it(
      'a Unix socket and a UDP port are shared as well',
      { skip: process.platform === 'win32' },
      async () => {
        const directory = await mkdtemp(join(tmpdir(), 'shared-port-'));
        try {
          const { ports } = openPorts({ distributes });
          const path = join(directory, 'web.sock');
          const source = `
          const udp = require('node:dgram').createSocket('udp4');
          udp.on('message', (_, from) => udp.send(process.env.NAME, from.port, from.address));
          udp.bind(0, '127.0.0.1', () => {
            require('node:net').createServer((socket) => socket.end(process.env.NAME))
              .listen(process.env.SOCKET, () => console.log('ready ' + udp.address().port));
          });`;
          const env = { SOCKET: path };
          const [one, two] = [start(ports, 0, { node, source, env }), start(ports, 1, { node, source, env })];
          const port = await portOf(one);
          assert.equal(await portOf(two), port);
          await endProgram(one);
          assert.equal(await text(connect(path)), '1');
          const client = createSocket('udp4').unref();
          const answered = once(client, 'message');
          client.send('hello', port, '127.0.0.1');
          assert.equal(String((await answered)[0]), '1');
          client.close();
        } finally {
          await rm(directory, { recursive: true, force: true });
        }
      },
    );

    it('an instance that stops under load drops no connection', async () => {
      const { ports } = openPorts({ distributes });
      const [one, two] = [start(ports, 0, { node }), start(ports, 1, { node })];
      const port = await portOf(one);
      await two.said;
      await untilAll(port, ['0', '1']);
      const ended = once(one.child, 'exit');
      one.child.kill('SIGTERM');
      const answers: string[] = [];
      while (one.child.exitCode === null)
        answers.push(...(await Promise.all(Array.from({ length: 20 }, () => ask(port)))));
      assert.deepEqual(await ended, [0, null]);
      assert.ok(answers.length > 0);
      assert.equal(await ask(port), '1');
    });

    it('a process that leaves its cluster in an orderly way is answered', async () => {
      const { ports } = openPorts({ distributes });
      const source = `
        const cluster = require('node:cluster');
        require('node:net').createServer().listen(0, () => {
          cluster.worker.once('disconnect', () => console.log('left ' + cluster.worker.exitedAfterDisconnect));
          cluster.worker.disconnect();
        });`;
      const program = start(ports, 0, { node, source });
      assert.equal(await program.said, 'left true');
    });
  });
}

describe('the ports of a service', () => {
  it('are closed when it is released, and only then', async () => {
    const { ports } = openPorts();
    const one = start(ports, 0);
    const port = await portOf(one);
    await endProgram(one);
    const waiting = connect(port, '127.0.0.1').on('error', () => {});
    const closed = new Promise((resolve) => waiting.once('close', resolve));
    await once(waiting, 'connect');
    ports.release('web');
    // The kernel resets what nobody will accept any more.
    await closed;
    await assert.rejects(ask(port), { code: 'ECONNREFUSED' });
  });

  it('are closed when it has had no process for longer than a restart takes', async () => {
    const { ports, clock } = openPorts();
    const one = start(ports, 0);
    const port = await portOf(one);
    await endProgram(one);
    clock.advance(1_999);
    const waiting = ask(port);
    // A process that has not asked for the port yet is there all the same.
    const next = start(ports, 0);
    clock.advance(10_000);
    assert.equal(await waiting, '0');
    await endProgram(next);
    clock.advance(2_000);
    await assert.rejects(ask(port), { code: 'ECONNREFUSED' });
    assert.equal(clock.pendingTimers, 0);
  });

  it('that a newer configuration does not use are closed after a while', async () => {
    const { ports, clock } = openPorts();
    const old = start(ports, 0, { env: { HOST: '127.0.0.1' } });
    const port = await portOf(old);
    await endProgram(old);
    const renewed = start(ports, 0);
    assert.notEqual(await portOf(renewed), port);
    clock.advance(119_999);
    const waiting = connect(port, '127.0.0.1');
    await once(waiting, 'connect');
    waiting.destroy();
    clock.advance(1);
    await assert.rejects(ask(port), { code: 'ECONNREFUSED' });
  });

  it('of another service are its own', async () => {
    const { ports } = openPorts();
    const one = start(ports, 0);
    const other = startProgram({
      source: plainServer,
      env: { PORT: '0', NAME: 'other', ...SharedPorts.environment(0) },
    });
    programs.push(other);
    ports.attach(other.child, 'other');
    assert.notEqual(await portOf(one), await portOf(other));
  });

  it(
    'may be sockets that the processes were passed',
    { skip: process.platform === 'win32' && 'POSIX only' },
    async () => {
      const sockets = new SocketProvider();
      closing.push(() => sockets.close());
      const listen = [{ name: 'http', host: '127.0.0.1', port: 0 }];
      const [passed] = await sockets.descriptorsFor({ name: 'web', listen });
      assert.ok(passed);
      const { ports } = openPorts({ duplicate: (scope, fd) => sockets.duplicate(scope, fd) });
      const source = plainServer.replace(
        /server\.listen\([^)]*\)[^,]*, [^,]*, /,
        'server.listen({ fd: 3 }, ',
      );
      const options = { source, descriptors: [passed.fd] };
      const [one, two] = [start(ports, 0, options), start(ports, 1, options)];
      const port = await portOf(one);
      assert.equal(await portOf(two), port);
      await untilAll(port, ['0', '1']);
      await endProgram(one);
      await endProgram(two);
      const answer = ask(port);
      start(ports, 0, { ...options, env: { NAME: 'next' } });
      assert.equal(await answer, 'next');
    },
  );
});

describe('messages of node:cluster', () => {
  it('are read, and nothing else', () => {
    const query = { cmd: 'NODE_CLUSTER', act: 'queryServer', seq: 1, port: 80, addressType: 4, index: 0 };
    assert.equal(readClusterRequest(query)?.act, 'queryServer');
    assert.deepEqual(readClusterRequest({ cmd: 'NODE_CLUSTER', seq: 3, ack: 7, accepted: false }), {
      act: 'answer',
      ack: 7,
      accepted: false,
    });
    for (const other of [
      undefined,
      'NODE_CLUSTER',
      { ...query, cmd: 'NODE_DEBUG_ENABLED' },
      { ...query, seq: undefined },
      { ...query, act: 'newconn' },
      { ...query, port: '80' },
      { ...query, addressType: undefined },
      { cmd: 'NODE_CLUSTER', act: 'close', seq: 2 },
    ])
      assert.equal(readClusterRequest(other), undefined);
  });

  it('name the same socket when they ask for the same, and on port 0 for the same server', () => {
    const of = (more: object): string => {
      const request = readClusterRequest({
        cmd: 'NODE_CLUSTER',
        act: 'queryServer',
        seq: 1,
        address: null,
        port: 80,
        addressType: 4,
        index: 0,
        ...more,
      });
      assert.ok(request?.act === 'queryServer');
      return keyOf(request);
    };
    assert.equal(of({ index: 1 }), of({ index: 0 }));
    assert.notEqual(of({ port: 0, index: 1 }), of({ port: 0, index: 0 }));
    assert.notEqual(of({ address: '127.0.0.1' }), of({}));
    assert.notEqual(of({ addressType: 6 }), of({}));
  });
});
