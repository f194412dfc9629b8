import { rmSync, writeFileSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';

import { type FaultWorld, killQuietly } from '../fault/world/index.ts';
import type { SeededRandom } from '../sim/random.ts';
import type { LogDisk } from './log-disk.ts';
import { eatFileOf, hangFileOf, plain, probed, writers } from './services.ts';
import type { SoakManifest } from './soak-manifest.ts';

export interface FaultContext {
  readonly world: FaultWorld;
  readonly random: SeededRandom;
  readonly manifest: SoakManifest;
  readonly disk: LogDisk | undefined;
  /** Services that are kept from being well right now. */
  readonly disturbed: Set<string>;
  /** Kills the agent, looks that nothing is left, and starts the next. */
  readonly replaceAgent: () => Promise<void>;
  readonly diskWasFull: () => void;
}

export interface Fault {
  readonly kind: string;
  /** How often it comes, against the others. */
  readonly weight: number;
  readonly isPossible?: (context: FaultContext) => boolean;
  readonly cause: (context: FaultContext) => Promise<unknown>;
}

const killable = [...plain, ...probed, ...writers] as const;
/** How long something stays broken, in milliseconds. */
const whileBroken = (random: SeededRandom): number => 500 + random.below(4000);

export const faults: readonly Fault[] = [
  { kind: 'kill -9 service', weight: 20, cause: async (context) => signalOne(context, 'SIGKILL', true) },
  { kind: 'kill -9 grandchild', weight: 10, cause: async (context) => signalOne(context, 'SIGKILL', false) },
  { kind: 'SIGTERM to service', weight: 5, cause: async (context) => signalOne(context, 'SIGTERM', true) },
  { kind: 'stop and continue', weight: 6, cause: stopAndContinue },
  { kind: 'hang a probe', weight: 4, cause: hangProbe },
  { kind: 'log burst', weight: 4, cause: ({ world }) => world.client.act('restart', ['burst']) },
  {
    kind: 'memory hog',
    weight: 3,
    isPossible: ({ manifest }) => manifest.holdsMemory,
    cause: async ({ world }) => writeFileSync(eatFileOf(world.base), ''),
  },
  {
    kind: 'apply',
    weight: 8,
    async cause({ world, manifest, random }) {
      manifest.change(random);
      await world.client.apply(manifest.current());
    },
  },
  {
    kind: 'scale',
    weight: 6,
    cause: ({ world, random }) => world.client.scale(random.pick(plain), 1 + random.below(4)),
  },
  {
    kind: 'reload',
    weight: 6,
    cause: ({ world, random }) => world.client.act('reload', [random.pick(plain)]),
  },
  {
    kind: 'restart',
    weight: 4,
    cause: ({ world, random }) => world.client.act('restart', [random.pick(killable)]),
  },
  { kind: 'stop and start', weight: 4, cause: stopAndStart },
  { kind: 'kill -9 agent', weight: 0.15, cause: ({ replaceAgent }) => replaceAgent() },
  { kind: 'kill -9 agent while it applies', weight: 0.15, cause: killWhileApplying },
  { kind: 'full log disk', weight: 1, isPossible: ({ disk }) => disk !== undefined, cause: fillDisk },
];

/** By weight. */
export function pickFault(random: SeededRandom, possible: readonly Fault[]): Fault {
  let left = random.next() * possible.reduce((sum, { weight }) => sum + weight, 0);
  const found = possible.find(({ weight }) => (left -= weight) < 0) ?? possible[0];
  if (!found) throw new Error('No fault is possible here');
  return found;
}

/** One of a service's processes: the program itself, or one that it has started. */
function signalOne({ world, random }: FaultContext, signal: NodeJS.Signals, isMain: boolean): void {
  const name = random.pick(killable);
  const processes = world.processes().filter(({ service, run }) => service === name && !Number.isNaN(run));
  const of = processes.filter(({ command }) => isMain !== command.startsWith('sleep'));
  const chosen = of[random.below(Math.max(1, of.length))];
  if (chosen) killQuietly(chosen.pid, signal);
}

async function stopAndContinue(context: FaultContext): Promise<void> {
  const { world, random, disturbed } = context;
  const name = random.pick(killable);
  const pids = world.processes().flatMap(({ service, pid }) => (service === name ? [pid] : []));
  disturbed.add(name);
  for (const pid of pids) killQuietly(pid, 'SIGSTOP');
  await wait(whileBroken(random));
  for (const pid of pids) killQuietly(pid, 'SIGCONT');
  disturbed.delete(name);
}

async function hangProbe({ world, random, disturbed }: FaultContext): Promise<void> {
  const name = random.pick(probed);
  disturbed.add(name);
  writeFileSync(hangFileOf(world.base, name), '');
  await wait(2 * whileBroken(random));
  rmSync(hangFileOf(world.base, name), { force: true });
  disturbed.delete(name);
}

async function stopAndStart({ world, random, disturbed }: FaultContext): Promise<void> {
  const name = random.pick(killable);
  disturbed.add(name);
  try {
    await world.client.act('stop', [name]);
    await world.client.act('start', [name]);
  } finally {
    disturbed.delete(name);
  }
}

async function killWhileApplying({ world, random, manifest, replaceAgent }: FaultContext): Promise<void> {
  manifest.change(random);
  const applied = world.client.apply(manifest.current()).catch(() => undefined);
  await wait(random.below(300));
  await replaceAgent();
  await applied;
  // Carried out or not: asked for again it comes about.
  await world.client.apply(manifest.current());
}

async function fillDisk({ disk, random, diskWasFull }: FaultContext): Promise<void> {
  diskWasFull();
  disk?.fill();
  await wait(whileBroken(random));
  disk?.free();
}
