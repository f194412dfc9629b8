import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';

import { readSupervisedMessage, type Logger, type SupervisorMessage } from '@mainstay/core';
import { systemClock } from '@mainstay/platform';
import { SharedPorts } from '@mainstay/supervisor';

import { Load } from './rolling-reload/load.ts';

const silent: Logger = {
  trace() {},
  debug() {},
  info() {},
  warn() {},
  error() {},
  fatal() {},
  child: () => silent,
};

const sdkService = fileURLToPath(new URL('rolling-reload/service.ts', import.meta.url));
const plainServer = fileURLToPath(new URL('rolling-reload/plain-server.cjs', import.meta.url));

/** How many times the one process is replaced by the next, under load. */
const reloads = 5;
/** Requests that have to be answered between two of them. */
const betweenReloads = 100;

interface Program {
  readonly script: string;
  /** Whether it ends connections that are kept alive only when nothing is on its way; what Node has for that cannot. */
  readonly keepsConnections: boolean;
  /** Resolves when the process serves. */
  ready(child: ChildProcess): Promise<void>;
  stop(child: ChildProcess): void;
}

const programs: Readonly<Record<string, Program>> = {
  'a Mainstay service': {
    script: sdkService,
    keepsConnections: true,
    ready: (child) =>
      until(child, (message) => {
        const said = readSupervisedMessage(message);
        return said?.type === 'status' && said.status.state === 'running';
      }),
    stop: (child) =>
      void child.send({
        type: 'control',
        id: 1,
        control: { type: 'stop', reason: 'stop' },
      } satisfies SupervisorMessage),
  },
  'a plain Node program': {
    script: plainServer,
    keepsConnections: false,
    ready: (child) => until(child, (message) => message === 'ready'),
    stop: (child) => void child.kill('SIGTERM'),
  },
};

async function until(child: ChildProcess, isIt: (message: unknown) => boolean): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const look = (message: unknown): void => {
    if (isIt(message)) resolve();
  };
  child.on('message', look);
  child.once('exit', (code, signal) => reject(new Error(`It ended with ${code ?? signal}`)));
  await promise;
  child.off('message', look);
}

/** The next process before the one before it ends, or after: what connects meanwhile waits in the socket's queue. */
const orders = ['before', 'after'] as const;
const cases = Object.entries(programs).flatMap(([name, program]) =>
  orders.map((order) => ({ name, program, order })),
);

for (const { name, program, order } of cases) {
  describe(`a reload of ${name}, the next one ${order} the old one`, () => {
    const ports = new SharedPorts({ clock: systemClock, log: silent });
    const load = new Load();
    const children = new Set<ChildProcess>();
    let port = 0;

    before(async () => {
      const server = createServer().listen(0, '127.0.0.1');
      await once(server, 'listening');
      port = (server.address() as AddressInfo).port;
      await new Promise((resolve) => server.close(resolve));
    });

    after(async () => {
      await load.end();
      for (const child of children) child.kill('SIGKILL');
      ports.close();
    });

    async function start(run: number): Promise<ChildProcess> {
      const child = spawn(process.execPath, [program.script], {
        env: {
          PATH: process.env['PATH'] ?? '',
          LOG_LEVEL: 'warn',
          PORT: String(port),
          MAINSTAY_HOST: 'supervisor',
          MAINSTAY_AGENT_ID: 'test',
          MAINSTAY_INSTANCE: '0',
          MAINSTAY_RUN: String(run),
          ...SharedPorts.environment(0),
        },
        stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
      });
      children.add(child);
      child.once('exit', () => children.delete(child));
      ports.attach(child, 'reloading');
      await program.ready(child);
      return child;
    }

    it(`drops no request in ${reloads} reloads under load`, async () => {
      let current = await start(1);
      for (const path of ['/fast', '/slow']) {
        for (let client = 0; client < 4; client += 1)
          load.begin(port, path, program.keepsConnections && client % 2 === 0);
      }
      for (let run = 2; run <= reloads + 1; run += 1) {
        await load.more(betweenReloads);
        const old = current;
        if (order === 'before') current = await start(run);
        const ended = once(old, 'exit');
        program.stop(old);
        assert.deepEqual(await ended, [0, null]);
        if (order === 'after') current = await start(run);
      }
      await load.more(betweenReloads);
      await load.end();
      assert.deepEqual(load.failures, []);
      assert.equal(load.runs.size, reloads + 1, 'every run has answered');
      assert.ok(load.answered >= (reloads + 1) * betweenReloads);
    });
  });
}
