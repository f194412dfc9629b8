import { createServer, type AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

import type { Program, Supervisor } from './contender.ts';
import { loadWhile } from './load.ts';
import { resourcesOf } from './resources.ts';
import { crash, untilReady } from './tcp.ts';

export interface Fixtures {
  /** Listens on the port of its argument: compiled, up in a millisecond, so that what is measured is the supervisor. */
  readonly tcpServer: readonly string[];
  /** The same as a Node script. */
  readonly nodeServer: readonly string[];
  readonly chatter: readonly string[];
  readonly web: readonly string[];
}

/** Ports that are free now, all different. */
export async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from(
      { length: count },
      () =>
        new Promise<ReturnType<typeof createServer>>((resolve, reject) => {
          const server = createServer().once('error', reject);
          server.listen(0, '127.0.0.1', () => resolve(server));
        }),
    ),
  );
  const ports = servers.map((server) => (server.address() as AddressInfo).port);
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}

const program = (name: string, line: readonly string[], ...more: readonly string[]): Program => ({
  name,
  command: line[0] ?? '',
  args: [...line.slice(1), ...more],
});

/** Milliseconds from the death of the service (by SIGKILL) to the first answer of the next. */
export async function crashToReady(
  supervisor: Supervisor,
  server: readonly string[],
  runs: number,
  stableMs: number,
): Promise<number[]> {
  const [port = 0] = await freePorts(1);
  await supervisor.start([program('crashing', server, String(port))]);
  const times: number[] = [];
  for (let run = 0; run < runs; run += 1) {
    const pid = await untilReady(port);
    // A service that has run for a while, as most that crash have.
    await sleep(stableMs);
    await crash(port);
    const begin = performance.now();
    await untilReady(port, pid);
    times.push(performance.now() - begin);
  }
  return times;
}

/** Milliseconds from the start of the restart command to the first answer of the new process. */
export async function restartToReady(
  supervisor: Supervisor,
  server: readonly string[],
  runs: number,
): Promise<number[]> {
  const [port = 0] = await freePorts(1);
  await supervisor.start([program('restarting', server, String(port))]);
  const times: number[] = [];
  for (let run = 0; run < runs; run += 1) {
    const pid = await untilReady(port);
    await sleep(200);
    const begin = performance.now();
    const done = supervisor.restart('restarting');
    await untilReady(port, pid);
    times.push(performance.now() - begin);
    await done;
  }
  return times;
}

/** Starts `count` services; milliseconds from the command to the answer of the last. */
export async function startMany(
  supervisor: Supervisor,
  server: readonly string[],
  count: number,
): Promise<number> {
  const ports = await freePorts(count);
  const programs = ports.map((port, index) => program(`service-${index}`, server, String(port)));
  const begin = performance.now();
  const started = supervisor.start(programs);
  for (const port of ports) await untilReady(port);
  const took = performance.now() - begin;
  await started;
  return took;
}

export interface Footprint {
  readonly rssMiB: number;
  readonly privateDirtyMiB: number;
  /** Per cent of one core, over `seconds`. */
  readonly cpuPercent: number;
}

/** What the supervisor itself takes while nothing happens. */
export async function footprint(supervisor: Supervisor, seconds: number): Promise<Footprint> {
  // What the start left to be done, collected or written is not what is asked for.
  await sleep(5000);
  const pids = await supervisor.processes();
  const before = resourcesOf(pids);
  const begin = performance.now();
  await sleep(seconds * 1000);
  const after = resourcesOf(pids);
  const cpuPercent = ((after.cpuMs - before.cpuMs) / (performance.now() - begin)) * 100;
  return { rssMiB: after.rssMiB, privateDirtyMiB: after.privateDirtyMiB, cpuPercent };
}

export interface Captured {
  readonly linesPerSecond: number;
  /** Of one core, while lines came. */
  readonly cpuSeconds: number;
  readonly lost: number;
}

/** Resolves `text` with what the first client says; rejects after five minutes. */
async function listenOnce(): Promise<{ readonly port: number; readonly text: Promise<string> }> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const server = createServer((socket) => {
    let text = '';
    socket.setEncoding('latin1').on('data', (chunk: string) => (text += chunk));
    socket.once('error', reject);
    socket.once('end', () => {
      socket.end();
      server.close();
      clearTimeout(timer);
      resolve(text);
    });
  });
  const timer = setTimeout(() => {
    server.close();
    reject(new Error('The lines were not taken within five minutes'));
  }, 300_000);
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  return { port: (server.address() as AddressInfo).port, text: promise };
}

/** One service that prints as fast as it can: how fast it gets rid of its lines, and how many are not in the files. */
export async function captureLines(
  supervisor: Supervisor,
  chatter: readonly string[],
  lines: number,
): Promise<Captured> {
  const told = await listenOnce();
  const pids = await supervisor.processes();
  const before = resourcesOf(pids).cpuMs;
  await supervisor.start([program('chatter', chatter, String(lines), String(told.port))]);
  const [began = 0, ended = 0] = (await told.text).split(' ').map(Number);
  // What is still on its way to the files is waited for, until nothing more comes.
  let cpu = resourcesOf(pids).cpuMs;
  for (let last = -1; last !== cpu; cpu = resourcesOf(pids).cpuMs) {
    last = cpu;
    await sleep(1500);
  }
  const seen = await supervisor.countLines('chatter');
  return {
    linesPerSecond: (lines / (ended - began)) * 1000,
    cpuSeconds: (cpu - before) / 1000,
    lost: lines - seen,
  };
}

export interface Reloaded {
  readonly requests: number;
  readonly failed: number;
  readonly reloads: number;
}

/** Requests while the service is reloaded again and again: how many got no answer. */
export async function reloadUnderLoad(
  supervisor: Supervisor,
  web: readonly string[],
  reloads: number,
): Promise<Reloaded | undefined> {
  const { reload } = supervisor;
  if (!reload) return undefined;
  const [port = 0] = await freePorts(1);
  await supervisor.start([{ ...program('web', web), env: { PORT: String(port) }, instances: 2 }]);
  const { requests, failed } = await loadWhile(port, async () => {
    for (let count = 0; count < reloads; count += 1) {
      await reload('web');
      await sleep(500);
    }
  });
  return { requests, failed, reloads };
}
