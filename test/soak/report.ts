import type { SoakResult } from './soak.ts';

/** The result for people. */
export function reportLines({
  seed,
  seconds,
  services,
  faults,
  lives,
  lines,
  refused,
  broken,
}: SoakResult): readonly string[] {
  const counts = (record: Readonly<Record<string, number>>): string =>
    Object.entries(record)
      .map(([name, count]) => `${name} ${count}`)
      .join(', ') || 'none';
  return [
    '',
    `${services} services for ${seconds} s, seed ${seed}`,
    `Faults: ${counts(faults)}`,
    `Commands that ended with an error: ${counts(refused)}`,
    `Lines: ${lines.counted} counted by programs, ${lines.found} found, ${lines.lostInHand} lost in the hands of killed agents`,
    ...lives.map(
      (life, at) =>
        `Agent ${at + 1}: ${life.seconds} s, RSS ${life.rssFirstKiB} → ${life.rssLastKiB} KiB, ` +
        `slope ${life.rssSlopeKiBPerMinute === undefined ? 'not known' : `${life.rssSlopeKiBPerMinute} KiB/min`}, ` +
        `descriptors ${life.descriptorsFirst} → ${life.descriptorsLast}`,
    ),
    broken.length === 0 ? 'Every invariant held' : `${broken.length} invariants broken:`,
    ...broken.map((what) => `  ${what}`),
  ];
}
