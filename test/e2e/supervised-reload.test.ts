import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';

import type { Logger } from '@mainstay/core';
import { createContainment, systemClock } from '@mainstay/platform';
import {
  createProber,
  defaultRestartRules,
  emptyManifest,
  openLogStore,
  ProcessRunner,
  SharedPorts,
  Supervisor,
  type ProgramDeclaration,
  type ServiceDeclaration,
  type SupervisorEvent,
} from '@mainstay/supervisor';

import { Load } from './rolling-reload/load.ts';

const nothing = () => undefined;
const silent: Logger = {
  trace: nothing,
  debug: nothing,
  info: nothing,
  warn: nothing,
  error: nothing,
  fatal: nothing,
  child: () => silent,
};

const pathOf = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const sdkService = pathOf('rolling-reload/service.ts');

const plain: ProgramDeclaration = {
  type: 'exec',
  command: process.execPath,
  args: [pathOf('../../bench/supervisor/fixtures/web.mjs')],
};
const hosted: ProgramDeclaration = {
  type: 'service',
  command: process.execPath,
  args: [sdkService],
  source: sdkService,
};

const reloads = 5;
/** Requests that have to be answered between two of them. */
const betweenReloads = 100;

interface Case {
  readonly title: string;
  readonly program: ProgramDeclaration;
  readonly instances: number;
  readonly order: 'stop-first' | 'start-first' | undefined;
}

const cases: readonly Case[] = [
  { title: 'a plain Node program', program: plain, instances: 1, order: 'stop-first' },
  { title: 'a plain Node program', program: plain, instances: 2, order: undefined },
  { title: 'a plain Node program', program: plain, instances: 2, order: 'start-first' },
  { title: 'a Mainstay service', program: hosted, instances: 1, order: undefined },
  { title: 'a Mainstay service', program: hosted, instances: 2, order: undefined },
];

function declarationOf(of: Case, port: number): ServiceDeclaration {
  return {
    name: 'web',
    program: of.program,
    cwd: pathOf('.'),
    env: { PORT: String(port), LOG_LEVEL: 'warn' },
    user: undefined,
    runner: 'process',
    instances: of.instances,
    listen: [],
    health: { startup: undefined, readiness: undefined, liveness: undefined },
    restart: defaultRestartRules,
    stop: {
      by: of.program.type === 'service' ? { type: 'ipc' } : { type: 'signal', signal: 'SIGTERM' },
      graceMs: 15_000,
      reloadSignal: undefined,
      ...(of.order && { reloadOrder: of.order }),
    },
    limits: {
      memorySoftBytes: undefined,
      memoryHardBytes: undefined,
      reclaimMs: 60_000,
      cpuPercent: undefined,
      processes: undefined,
      openFiles: undefined,
      openFilesAlertShare: 0.9,
      priority: undefined,
    },
    logs: { rotateBytes: 10 * 1024 * 1024, rotateAgeMs: undefined, keep: 8, compress: true },
    dependsOn: [],
    autoStart: true,
  };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** A supervisor with everything real, in a folder of its own. */
async function openSupervisor(events: SupervisorEvent[]) {
  const directory = await mkdtemp(join(tmpdir(), 'mainstay-reload-'));
  const containment = await createContainment({
    name: `test-reload-${process.pid}`,
    directory,
    log: silent,
  });
  const ports = new SharedPorts({ clock: systemClock, log: silent });
  const sockets = { descriptorsFor: () => [] };
  const runner = new ProcessRunner({ containment, ports, sockets, clock: systemClock, log: silent });
  const logs = await openLogStore({
    directory: join(directory, 'logs'),
    totalBytes: 1 << 24,
    clock: systemClock,
    log: silent,
  });
  const supervisor = new Supervisor({
    clock: systemClock,
    random: Math.random,
    runnerOf: () => runner,
    prober: createProber({ clock: systemClock }),
    logs,
    log: silent,
    environment: { PATH: process.env['PATH'] ?? '', MAINSTAY_AGENT_ID: 'test' },
    memory: { read: () => undefined, write: () => undefined },
    onEvent: (event) => void events.push(event),
  });
  return {
    supervisor,
    async close() {
      await supervisor.shutdown({ force: true });
      await runner.close();
      ports.close();
      await containment.close();
      await logs.close();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

for (const each of cases) {
  const { title, instances, order = 'by default' } = each;
  describe(`reloads of ${title}, ${instances} of it, ${order}`, () => {
    const events: SupervisorEvent[] = [];
    const load = new Load();
    let opened: Awaited<ReturnType<typeof openSupervisor>>;
    let port = 0;

    before(async () => {
      opened = await openSupervisor(events);
      port = await freePort();
    });
    after(async () => {
      await load.end();
      await opened.close();
    });

    it(`${reloads} of them drop no request under load`, async () => {
      const { supervisor } = opened;
      await supervisor.apply({
        ...emptyManifest,
        services: [declarationOf(each, port)],
      });
      await untilListening(port);
      for (let client = 0; client < 4; client += 1)
        load.begin(port, client % 2 === 0 ? '/fast' : '/slow', client !== 0);
      for (let count = 0; count < reloads; count += 1) {
        await load.more(betweenReloads);
        await supervisor.reload(['web']);
      }
      await load.more(betweenReloads);
      await load.end();
      assert.deepEqual(load.failures, []);
      const [view] = supervisor.views();
      assert.deepEqual(
        view?.instances.map(({ run, phase, restarts }) => ({ run, phase, restarts })),
        Array.from({ length: instances }, () => ({ run: reloads + 1, phase: 'running', restarts: reloads })),
      );
      assert.ok(load.runs.size > reloads, 'the processes of every reload have answered');
      assert.ok(events.every((event) => event.type !== 'ended' || !event.end.forced));
      const started = events.filter((event) => event.type === 'started');
      assert.equal(started.length, instances * (reloads + 1));
      assert.ok(started.every(({ pid }) => pid !== undefined));
    });
  });
}

describe('a plain Node program that is alone', () => {
  it('shares its port with those that a scale brings, and with its own next run after they have gone', async () => {
    const events: SupervisorEvent[] = [];
    const opened = await openSupervisor(events);
    const { supervisor } = opened;
    try {
      const port = await freePort();
      // An order of reload would share the port from the beginning.
      const alone = { title: 'alone', program: plain, instances: 1, order: undefined };
      await supervisor.apply({ ...emptyManifest, services: [declarationOf(alone, port)] });
      await untilListening(port);
      await supervisor.scale('web', 3);
      const pids = new Set<string>();
      for (const end = performance.now() + 60_000; pids.size < 3;) {
        assert.ok(performance.now() < end, `after a minute ${pids.size} of 3 have answered`);
        const answer = await fetch(`http://127.0.0.1:${port}/`, { headers: { connection: 'close' } }).catch(
          () => undefined,
        );
        if (answer) pids.add((await answer.text()).trim());
      }
      await supervisor.scale('web', 1);
      await supervisor.restart(['web']);
      await untilListening(port);
      assert.ok(events.every((event) => event.type !== 'ended' || event.end.endedFor !== undefined));
    } finally {
      await opened.close();
    }
  });
});

/** The first process has no one before it that holds the port. */
async function untilListening(port: number): Promise<void> {
  for (const end = performance.now() + 60_000; performance.now() < end;) {
    const isOpen = await fetch(`http://127.0.0.1:${port}/fast`).then(
      () => true,
      () => false,
    );
    if (isOpen) return;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new Error('Nobody has listened for a minute');
}
