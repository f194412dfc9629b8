import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';

import { spread, table, type Spread } from '../stats.ts';
import { buildContenders, type Contender } from './contenders.ts';
import { findWrk, load } from './load.ts';
import { asAfterBoot, memoryOf, runToExit, start, stop } from './measure.ts';
import { NotifyListener } from './notify-listener.ts';

const help = `Usage: npm run bench -- start [--runs N] [--seconds S] [--rounds N] [--json FILE]

Time from exec to ready, memory, size and throughput of the same service on Mainstay, in Go on
github.com/kardianos/service, on plain Node and compiled by Bun: in turn, in one run.

  --runs N      starts of each contender (default 20)
  --seconds S   of load, per endpoint and round (default 5)
  --rounds N    rounds of load (default 3)
  --json FILE   where the figures go (default bench/results/start.json)
`;

/** All figures of one contender, in the order they were taken. */
interface Figures {
  readonly startMs: number[];
  readonly rssMiB: number[];
  readonly privateDirtyMiB: number[];
  readonly load: Record<string, { requestsPerSecond: number[]; p99Ms: number[]; errors: number }>;
}

export async function run(argv: string[]): Promise<void> {
  const { values } = parseArgs({
    args: argv,
    options: {
      runs: { type: 'string', default: '20' },
      seconds: { type: 'string', default: '5' },
      rounds: { type: 'string', default: '3' },
      json: { type: 'string', default: new URL('../results/start.json', import.meta.url).pathname },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return void process.stdout.write(help);
  if (process.platform !== 'linux') throw new Error('This bench reads /proc: it runs on Linux only');
  const say = (line: string): void => void process.stdout.write(`${line}\n`);
  const work = mkdtempSync(path.join(os.tmpdir(), 'mainstay-bench-'));
  try {
    say('Building the contenders, then measuring: some minutes …');
    const contenders = await buildContenders(path.join(work, 'built'));
    for (const reason of contenders.skipped) say(`left out: ${reason}`);
    for (const { command } of [...contenders.idle, ...contenders.orders]) asAfterBoot(command);
    const runs = Number(values.runs);
    const exits: number[] = [];
    const idle = await measureStarts(contenders.idle, runs, work, async () => {
      exits.push(await runToExit(contenders.node, ['-e', '0']));
    });
    const baseline = spread(exits.slice(1));
    const orders = await measureStarts(contenders.orders, runs, work);
    const notify = await measureNotify(contenders.idle.slice(0, 2), runs);
    const loads = await measureLoads(
      contenders.orders,
      Number(values.rounds),
      Number(values.seconds),
      work,
      say,
    );
    const all = [
      ...Object.entries(idle).map(([k, v]) => [`idle: ${k}`, v] as const),
      ...Object.entries(orders).map(([k, v]) => [`orders: ${k}`, v] as const),
    ];
    say(`\nnode -e 0, exec to exit: ${show(baseline)} ms\n`);
    say(
      table([
        ['exec → ready', 'ms (min–max)', '× node -e 0', 'RSS MiB', 'private dirty MiB', 'file MiB'],
        ...all.map(([name, f]) => [
          name,
          show(spread(f.startMs)),
          (spread(f.startMs).median / baseline.median).toFixed(2),
          spread(f.rssMiB).median.toFixed(1),
          spread(f.privateDirtyMiB).median.toFixed(1),
          (bytesOf(contenders, name) / 2 ** 20).toFixed(1),
        ]),
      ]),
    );
    say(
      `\nexec → READY=1 on NOTIFY_SOCKET (FFI loaded)\n${table(Object.entries(notify).map(([name, s]) => [name, `${show(s)} ms`, `${(s.median - baseline.median).toFixed(1)} ms over node -e 0`]))}`,
    );
    say(
      `\n${table([
        ['load (64 connections, one core each)', 'requests/s', '× go', 'p99 ms', 'errors'],
        ...Object.entries(loads).flatMap(([endpoint, byName]) =>
          Object.entries(byName).map(([name, f]) => [
            `${endpoint}: ${name}`,
            spread(f.requestsPerSecond).median.toFixed(0),
            ratio(f.requestsPerSecond, byName['go + kardianos']?.requestsPerSecond),
            spread(f.p99Ms).median.toFixed(2),
            String(f.errors),
          ]),
        ),
      ])}`,
    );
    mkdirSync(path.dirname(values.json), { recursive: true });
    const machine = {
      cpu: os.cpus()[0]?.model,
      cores: os.availableParallelism(),
      loadAverage: os.loadavg(),
      node: process.version,
    };
    writeFileSync(
      values.json,
      `${JSON.stringify({ machine, command: `npm run bench -- start ${argv.join(' ')}`.trim(), baseline, idle, orders, notify, loads, skipped: contenders.skipped }, undefined, 2)}\n`,
    );
    say(`\nFigures: ${path.relative(process.cwd(), values.json)}`);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** In turn, A B C A B C …, so that a drift of the machine meets all alike; the first round is not counted. */
async function measureStarts(
  list: readonly Contender[],
  runs: number,
  work: string,
  alsoInTurn?: () => Promise<void>,
): Promise<Record<string, Omit<Figures, 'load'>>> {
  const figures: Record<string, Omit<Figures, 'load'>> = Object.fromEntries(
    list.map(({ name }) => [name, { startMs: [], rssMiB: [], privateDirtyMiB: [] }]),
  );
  for (let round = 0; round <= runs; round += 1) {
    await alsoInTurn?.();
    for (const contender of list) {
      const { child, readyMs } = await start(contender, await environment(work));
      const collected = figures[contender.name];
      if (round > 0) collected?.startMs.push(readyMs);
      if (round > 0 && round <= 3) {
        await sleep(1500);
        const memory = memoryOf(child.pid ?? 0);
        collected?.rssMiB.push(memory.rssMiB);
        collected?.privateDirtyMiB.push(memory.privateDirtyMiB);
      }
      await stop(child);
    }
  }
  return figures;
}

async function measureNotify(list: readonly Contender[], runs: number): Promise<Record<string, Spread>> {
  const found: Record<string, Spread> = {};
  for (const contender of list.filter(({ name }) => name === 'mainstay')) {
    found[contender.name] = spread(
      await repeat(runs, async () => {
        using listener = new NotifyListener();
        const begin = process.hrtime.bigint();
        const ready = listener.ready().then(() => Number(process.hrtime.bigint() - begin) / 1e6);
        const { child } = await start(contender, { NOTIFY_SOCKET: listener.path });
        const ms = await ready;
        await stop(child);
        return ms;
      }),
    );
  }
  return found;
}

async function measureLoads(
  list: readonly Contender[],
  rounds: number,
  seconds: number,
  work: string,
  say: (line: string) => void,
): Promise<Record<string, Record<string, { requestsPerSecond: number[]; p99Ms: number[]; errors: number }>>> {
  const wrk = findWrk();
  if (!wrk.ok) {
    say(`left out: the load, because ${wrk.reason}`);
    return {};
  }
  const endpoints = [
    { name: 'GET /healthz', method: 'GET', path: '/healthz' },
    { name: 'POST /orders', method: 'POST', path: '/orders' },
  ] as const;
  const results: Record<
    string,
    Record<string, { requestsPerSecond: number[]; p99Ms: number[]; errors: number }>
  > = {};
  for (let round = 0; round < rounds; round += 1) {
    for (const contender of list) {
      const env = await environment(work);
      const { child } = await start(contender, env, 0);
      for (const endpoint of endpoints) {
        const url = `http://127.0.0.1:${env['PORT']}${endpoint.path}`;
        load(url, { method: endpoint.method, seconds: 1, cpu: 1 });
        const result = load(url, { method: endpoint.method, seconds, cpu: 1 });
        const byName = (results[endpoint.name] ??= {});
        const figures = (byName[contender.name] ??= { requestsPerSecond: [], p99Ms: [], errors: 0 });
        figures.requestsPerSecond.push(result.requestsPerSecond);
        figures.p99Ms.push(result.p99Ms);
        figures.errors += result.errors;
      }
      await stop(child);
    }
  }
  return results;
}

/** A port and a data directory of its own for each start. */
async function environment(work: string): Promise<Record<string, string>> {
  const server = net.createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as net.AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return { PORT: String(port), STATE_DIRECTORY: mkdtempSync(path.join(work, 'data-')) };
}

async function repeat(runs: number, once: () => Promise<number>): Promise<number[]> {
  await once();
  const values: number[] = [];
  for (let index = 0; index < runs; index += 1) values.push(await once());
  return values;
}

const show = (s: Spread): string => `${s.median.toFixed(1)} (${s.min.toFixed(1)}–${s.max.toFixed(1)})`;

function ratio(values: readonly number[], base: readonly number[] | undefined): string {
  return base ? (spread(values).median / spread(base).median).toFixed(2) : '–';
}

function bytesOf(
  contenders: { idle: readonly Contender[]; orders: readonly Contender[] },
  label: string,
): number {
  const [kind, name] = label.split(': ');
  return (
    contenders[kind === 'idle' ? 'idle' : 'orders'].find((contender) => contender.name === name)?.bytes ?? NaN
  );
}
