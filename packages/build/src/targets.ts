import { buildErrors } from './errors.ts';

/** What can be built, in the order in which it is listed. */
export const targets = [
  'linux-x64',
  'linux-arm64',
  'win-x64',
  'win-arm64',
  'darwin-x64',
  'darwin-arm64',
] as const;

export type Target = (typeof targets)[number];

/** `process.platform` and `process.arch` on a target. */
export interface TargetPlatform {
  readonly platform: 'linux' | 'win32' | 'darwin';
  readonly arch: 'x64' | 'arm64';
}

export function platformOf(target: Target): TargetPlatform {
  const [os, arch] = target.split('-') as ['linux' | 'win' | 'darwin', 'x64' | 'arm64'];
  return { platform: os === 'win' ? 'win32' : os, arch };
}

export function isLinux(target: Target): boolean {
  return platformOf(target).platform === 'linux';
}

/** The target that runs on this machine, if there is one. */
export function hostTarget(
  platform: string = process.platform,
  arch: string = process.arch,
): Target | undefined {
  return targets.find((target) => {
    const wanted = platformOf(target);
    return wanted.platform === platform && wanted.arch === arch;
  });
}

/** Other names in use for the same thing: Go's, Rust's, Node's. */
const aliases: Readonly<Record<string, string>> = {
  windows: 'win',
  win32: 'win',
  macos: 'darwin',
  mac: 'darwin',
  osx: 'darwin',
  apple: 'darwin',
  amd64: 'x64',
  x86_64: 'x64',
  aarch64: 'arm64',
};

/**
 * Reads target names; each item may itself be a comma-separated list. Duplicates are dropped, the order is kept.
 *
 * @throws AppError BUILD_UNKNOWN_TARGET with the known names and the nearest one
 */
export function parseTargets(names: readonly string[]): Target[] {
  const found = new Set<Target>();
  for (const name of names.flatMap((item) => item.split(',')).map((item) => item.trim())) {
    if (name === '') continue;
    const target = targets.find((known) => known === name);
    if (target === undefined) throw unknownTarget(name);
    found.add(target);
  }
  if (found.size === 0) {
    throw buildErrors.error(
      'BUILD_UNKNOWN_TARGET',
      `No target was named; the known targets are ${targets.join(', ')}`,
    );
  }
  return [...found];
}

function unknownTarget(name: string): Error {
  const nearest = nearestTarget(name);
  const hint = nearest === undefined ? '' : `; did you mean ${nearest}?`;
  const message = `Unknown target "${name}"${hint}${hint === '' ? ';' : ''} the known targets are ${targets.join(', ')}`;
  return buildErrors.error('BUILD_UNKNOWN_TARGET', message, { details: { name, nearest, targets } });
}

function nearestTarget(name: string): Target | undefined {
  const normal = name
    .toLowerCase()
    .split(/[-_/ ](?!64)/)
    .map((word) => aliases[word] ?? word)
    .join('-');
  const ranked = targets.map((target) => ({ target, distance: editDistance(normal, target) }));
  ranked.sort((a, b) => a.distance - b.distance);
  const best = ranked[0];
  return best !== undefined && best.distance <= 3 ? best.target : undefined;
}

/** Levenshtein distance. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const substitution = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(substitution, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
