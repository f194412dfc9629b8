import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';

import { asAfterBoot, memoryOf } from '../start/measure.ts';
import { buildFixtures } from './build.ts';
import type { Contender, Supervisor } from './contender.ts';
import { findContenders } from './contenders/index.ts';
import { report } from './report.ts';
import {
  captureLines,
  crashToReady,
  footprint,
  reloadUnderLoad,
  restartToReady,
  startMany,
  type Fixtures,
} from './rows.ts';
import { emptyFigures, type Figures } from './figures.ts';

const help = `Usage: npm run bench -- supervisor [--rounds N] [--runs N] [--lines N] [--only NAMES] [--rows NAMES] [--json FILE]

The agent beside pm2, supervisord and systemd, each with the same services, in turn (A B C, A B C …), in one run.

  --rounds N    of everything (default 3)
  --runs N      crashes and restarts in a round (default 5)
  --seconds S   of idling with 100 services (default 20)
  --lines N     that one service prints (default 1000000)
  --only NAMES  contenders, with commas (default all)
  --rows NAMES  of footprint, crash, crash-node, restart, start, lines, reload (default all)
  --json FILE   where the figures go (default bench/results/supervisor.json)
`;

interface Options {
  readonly rounds: number;
  readonly runs: number;
  readonly seconds: number;
  readonly lines: number;
  readonly rows: readonly string[];
}

const allRows = ['footprint', 'crash', 'crash-node', 'restart', 'start', 'lines', 'reload'];

export async function run(argv: string[]): Promise<void> {
  const { values } = parseArgs({
    args: argv,
    options: {
      rounds: { type: 'string', default: '3' },
      runs: { type: 'string', default: '5' },
      seconds: { type: 'string', default: '20' },
      lines: { type: 'string', default: '1000000' },
      only: { type: 'string' },
      rows: { type: 'string', default: allRows.join(',') },
      json: { type: 'string', default: new URL('../results/supervisor.json', import.meta.url).pathname },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return void process.stdout.write(help);
  if (process.platform !== 'linux') throw new Error('This bench reads /proc: it runs on Linux only');
  const options: Options = {
    rounds: Number(values.rounds),
    runs: Number(values.runs),
    seconds: Number(values.seconds),
    lines: Number(values.lines),
    rows: values.rows.split(','),
  };
  const say = (line: string): void => void process.stdout.write(`${line}\n`);
  const work = mkdtempSync(path.join(os.tmpdir(), 'mainstay-bench-'));
  try {
    say('Building the contenders …');
    const fixtures = buildFixtures(path.join(work, 'fixtures'), process.execPath);
    const { contenders, skipped } = await findContenders(
      path.join(work, 'built'),
      fixtures,
      values.only?.split(','),
    );
    for (const reason of skipped) say(`left out: ${reason}`);
    const bare = await bareNode();
    const figures = new Map(contenders.map((contender) => [contender.name, emptyFigures(contender.version)]));
    for (let round = 1; round <= options.rounds; round += 1)
      for (const contender of contenders) {
        say(`round ${round} of ${options.rounds}: ${contender.name} ${contender.version}`);
        const taken = figures.get(contender.name);
        if (taken)
          await measure(contender, path.join(work, `${contender.name}-${round}`), fixtures, options, taken);
      }
    say(report(figures, bare, options));
    mkdirSync(path.dirname(values.json), { recursive: true });
    const machine = { cpu: os.cpus()[0]?.model, cores: os.availableParallelism(), node: process.version };
    const command = `npm run bench -- supervisor ${argv.join(' ')}`.trim();
    const contents = { machine, command, bareNode: bare, contenders: Object.fromEntries(figures), skipped };
    writeFileSync(values.json, `${JSON.stringify(contents, undefined, 2)}\n`);
    say(`\nFigures: ${path.relative(process.cwd(), values.json)}`);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** Every row with a supervisor of its own, so that none inherits what another left behind. */
async function measure(
  contender: Contender,
  directory: string,
  fixtures: Fixtures,
  { rows, runs, seconds, lines }: Options,
  figures: Figures,
): Promise<void> {
  const failed = (row: string, error: unknown): void => {
    figures.failures.push(`${row}: ${error instanceof Error ? error.message : String(error)}`);
    process.stdout.write(`  ${row} failed: ${String(error)}\n`);
  };
  const withOne = async (row: string, work: (supervisor: Supervisor) => Promise<void>): Promise<void> => {
    if (!rows.includes(row)) return;
    const supervisor = contender.open(path.join(directory, row));
    try {
      const begin = performance.now();
      await supervisor.boot();
      figures.bootMs.push(performance.now() - begin);
      await work(supervisor);
    } catch (error) {
      failed(row, error);
    } finally {
      await supervisor.shutdown().catch((error: unknown) => failed(`${row}: end`, error));
    }
  };
  await withOne('footprint', async (supervisor) => {
    figures.empty.push(await footprint(supervisor, 1));
    await startMany(supervisor, fixtures.tcpServer, 25);
    figures.with25.push(await footprint(supervisor, 1));
  });
  await withOne('start', async (supervisor) => {
    figures.start100Ms.push(await startMany(supervisor, fixtures.tcpServer, 100));
    figures.with100.push(await footprint(supervisor, seconds));
  });
  // Long enough for every contender to take it for stable.
  const stableMs = 1500;
  await withOne('crash', async (supervisor) => {
    figures.crashMs.push(...(await crashToReady(supervisor, fixtures.tcpServer, runs, stableMs)));
  });
  await withOne('crash-node', async (supervisor) => {
    figures.crashNodeMs.push(...(await crashToReady(supervisor, fixtures.nodeServer, runs, stableMs)));
  });
  await withOne('restart', async (supervisor) => {
    figures.restartMs.push(...(await restartToReady(supervisor, fixtures.tcpServer, runs)));
  });
  await withOne('lines', async (supervisor) => {
    figures.lines.push(await captureLines(supervisor, fixtures.chatter, lines));
  });
  await withOne('reload', async (supervisor) => {
    const reloaded = await reloadUnderLoad(supervisor, fixtures.web, 5);
    if (reloaded) figures.reloads.push(reloaded);
  });
}

/** What an idle Node process takes: the floor under every supervisor that runs on Node. */
async function bareNode(): Promise<{ readonly rssMiB: number; readonly privateDirtyMiB: number }> {
  asAfterBoot(process.execPath);
  const { spawn } = await import('node:child_process');
  const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1 << 30)'], { stdio: 'ignore' });
  try {
    await sleep(2000);
    return memoryOf(child.pid ?? 0);
  } finally {
    child.kill('SIGKILL');
  }
}
