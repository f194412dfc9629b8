import { setTimeout as wait } from 'node:timers/promises';

import { messageOf } from '@mainstay/core';

import { descriptorsOf, FaultWorld, residentBytesOf, until } from '../fault/world/index.ts';
import { SeededRandom } from '../sim/random.ts';
import { type FaultContext, faults, pickFault } from './faults.ts';
import { Invariants } from './invariants.ts';
import { checkLines } from './lines.ts';
import { type LifeReport, reportLife, type Sample } from './lives.ts';
import { type LogDisk, mountLogDisk } from './log-disk.ts';
import type { SoakOptions } from './options.ts';
import { countFileOf, writers } from './services.ts';
import { SoakManifest } from './soak-manifest.ts';

export interface SoakResult {
  readonly seed: number;
  readonly seconds: number;
  readonly services: number;
  readonly faults: Readonly<Record<string, number>>;
  readonly lives: readonly LifeReport[];
  readonly lines: { readonly counted: number; readonly found: number; readonly lostInHand: number };
  /** What was answered with an error, by code: a command that another one, or the end of the agent, has cut off. */
  readonly refused: Readonly<Record<string, number>>;
  readonly broken: readonly string[];
}

const diskBytes = 256 * 1024 ** 2;
/** Faults that may be under way at the same time. */
const lanes = 3;
const sampleMs = 2000;
const progressMs = 10_000;
/** What a command may take, in milliseconds: a reload waits for each instance in turn. */
const commandMs = 120_000;
const settleMs = 120_000;

export async function soak(
  { seconds, seed }: SoakOptions,
  print: (line: string) => void,
): Promise<SoakResult> {
  const disk = mountLogDisk(diskBytes);
  const world = new FaultWorld(disk && { logs: disk.path });
  try {
    return await new Soak(world, disk, seed).run(seconds, print);
  } finally {
    disk?.free();
    await world.dispose();
    disk?.dispose();
  }
}

class Soak {
  readonly #world: FaultWorld;
  readonly #disk: LogDisk | undefined;
  readonly #random: SeededRandom;
  readonly #seed: number;
  readonly #invariants = new Invariants();
  readonly #disturbed = new Set<string>();
  readonly #counts: Record<string, number> = {};
  readonly #refused: Record<string, number> = {};
  readonly #lives: Sample[][] = [[]];
  readonly #startedAt = performance.now();
  #diskWasFull = false;
  #isReplacing = false;
  #replaced = 0;

  constructor(world: FaultWorld, disk: LogDisk | undefined, seed: number) {
    this.#world = world;
    this.#disk = disk;
    this.#seed = seed;
    this.#random = new SeededRandom(seed);
  }

  async run(seconds: number, print: (line: string) => void): Promise<SoakResult> {
    const world = this.#world;
    await world.start();
    const manifest = await this.#firstManifest();
    await world.client.apply(manifest.current());
    const services = manifest.current().services.length;
    print(
      `${services} services, seed ${this.#seed}, ${this.#disk ? 'with' : 'without'} a log disk to be filled`,
    );
    const end = this.#startedAt + seconds * 1000;
    const watching = this.#watch(end, print);
    const context: FaultContext = {
      world,
      manifest,
      random: this.#random,
      disk: this.#disk,
      disturbed: this.#disturbed,
      replaceAgent: () => this.#replaceAgent(),
      diskWasFull: () => {
        this.#diskWasFull = true;
      },
    };
    await Promise.all(Array.from({ length: lanes }, () => this.#disturb(end, context)));
    await watching;
    // A stop whose start was cut off by another command is no fault of the agent.
    await world.client.act('start', []).catch(() => undefined);
    await this.#mustSettle();
    await world.end();
    await this.#mustBeGone('the end');
    const lines = this.#checkLines();
    return {
      seed: this.#seed,
      seconds: Math.round((performance.now() - this.#startedAt) / 1000),
      services,
      faults: this.#counts,
      lives: this.#lives.flatMap((samples) => reportLife(samples) ?? []),
      lines,
      refused: this.#refused,
      broken: this.#invariants.broken,
    };
  }

  /** With a limit on memory where the machine holds it. */
  async #firstManifest(): Promise<SoakManifest> {
    const limited = new SoakManifest(this.#world.base, true);
    const holds = await this.#world.client.plan(limited.current()).then(
      () => true,
      () => false,
    );
    return holds ? limited : new SoakManifest(this.#world.base, false);
  }

  async #disturb(end: number, context: FaultContext): Promise<void> {
    const possible = faults.filter(({ isPossible }) => isPossible?.(context) ?? true);
    while (performance.now() < end) {
      const fault = pickFault(this.#random, possible);
      this.#counts[fault.kind] = (this.#counts[fault.kind] ?? 0) + 1;
      const timer = setTimeout(
        () => this.#invariants.breaks(`"${fault.kind}" was not over within ${commandMs / 1000} s`),
        commandMs,
      );
      try {
        await fault.cause(context);
      } catch (error) {
        const { code = messageOf(error) } = error as { readonly code?: string };
        this.#refused[code] = (this.#refused[code] ?? 0) + 1;
      } finally {
        clearTimeout(timer);
      }
      await wait(100 + this.#random.below(900));
    }
  }

  async #watch(end: number, print: (line: string) => void): Promise<void> {
    let printedAt = -Infinity;
    while (performance.now() < end) {
      await wait(sampleMs);
      const sample = await this.#sample();
      if (!sample || performance.now() - printedAt < progressMs) continue;
      printedAt = performance.now();
      const done = Object.values(this.#counts).reduce((sum, count) => sum + count, 0);
      const mebibytes = (sample.rssBytes / 1024 ** 2).toFixed(1);
      print(
        `${Math.round(sample.at / 1000)} s: ${done} faults, agent ${this.#lives.length} with ${mebibytes} MiB and ` +
          `${sample.descriptors} descriptors, ${sample.instances} instances, ${this.#invariants.broken.length} broken`,
      );
    }
  }

  async #sample(): Promise<Sample | undefined> {
    if (this.#isReplacing || !this.#world.isAlive) return undefined;
    const life = this.#replaced;
    const world = this.#world;
    try {
      const [views, { rssBytes }] = await Promise.all([world.client.services(), world.client.agent()]);
      const { pid } = world;
      if (life !== this.#replaced || this.#isReplacing) return undefined;
      const at = performance.now() - this.#startedAt;
      // Crashing ones are hardly ever seen running.
      const judged = views.filter(({ name }) => !name.startsWith('crashing'));
      this.#invariants.look(judged, ofKnown(world.processes()), { at, disturbed: this.#disturbed });
      const instances = views.reduce((sum, view) => sum + view.instances.length, 0);
      const sample = {
        at,
        rssBytes: Math.max(rssBytes, residentBytesOf(pid)),
        descriptors: descriptorsOf(pid),
        instances,
      };
      this.#lives.at(-1)?.push(sample);
      return sample;
    } catch (error) {
      // An agent that is killed answers no more.
      if (life === this.#replaced && !this.#isReplacing)
        this.#invariants.breaks(`The agent did not answer: ${(error as Error).message}`);
      return undefined;
    }
  }

  async #replaceAgent(): Promise<void> {
    if (this.#isReplacing) return;
    this.#isReplacing = true;
    try {
      await this.#world.kill();
      await this.#mustBeGone(`kill ${this.#lives.length} of the agent`);
      await this.#world.start();
      await until(
        'The services are there',
        () => this.#world.client.services(),
        ({ length }) => length > 0,
      );
      // What somebody has stopped by hand stays stopped over the agent's death.
      void this.#world.client.act('start', []).catch(() => undefined);
      this.#lives.push([]);
      this.#invariants.forget();
    } finally {
      this.#replaced += 1;
      this.#isReplacing = false;
    }
  }

  async #mustBeGone(when: string): Promise<void> {
    const world = this.#world;
    await until(
      'No orphan',
      () => [...world.processes().map(({ pid, command }) => `${pid} ${command}`), ...world.cgroups()],
      (left) => left.length === 0,
      30_000,
    ).catch((error: unknown) => this.#invariants.breaks(`After ${when}: ${(error as Error).message}`));
  }

  /** Nothing is disturbed any more: all has to be well. */
  async #mustSettle(): Promise<void> {
    const unwell = async (): Promise<readonly string[]> =>
      (await this.#world.client.services())
        .filter(({ name }) => !name.startsWith('crashing'))
        .filter(
          ({ wanted, instances }) => instances.filter(({ phase }) => phase === 'running').length !== wanted,
        )
        .map(({ name, state }) => `${name} ${state}`);
    await until('All services well at the end', unwell, ({ length }) => length === 0, settleMs).catch(
      (error: unknown) => this.#invariants.breaks((error as Error).message),
    );
  }

  #checkLines(): SoakResult['lines'] {
    const sum = { counted: 0, found: 0, lostInHand: 0 };
    for (const service of [...writers, 'burst']) {
      const findings = checkLines({
        logs: this.#world.logs,
        service,
        countFile: countFileOf(this.#world.base, service),
        mayLackOldest: this.#diskWasFull,
        agentWasKilled: this.#lives.length > 1,
      });
      sum.counted += findings.counted;
      sum.found += findings.found;
      sum.lostInHand += findings.lostInHand;
      for (const problem of findings.problems) this.#invariants.breaks(problem);
    }
    return sum;
  }
}

/** Commands of probes bear the world's mark, and no run. */
function ofKnown(processes: ReturnType<FaultWorld['processes']>): ReturnType<FaultWorld['processes']> {
  return processes.filter(({ service, run, command }) => {
    const isNode = command.includes('writer.mjs');
    return (
      service !== undefined &&
      !service.startsWith('crashing') &&
      !Number.isNaN(run) &&
      (isNode || !command.includes('hang-'))
    );
  });
}
