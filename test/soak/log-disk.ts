import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A file system of its own, which can be filled. */
export interface LogDisk {
  readonly path: string;
  fill(): void;
  free(): void;
  /** Never throws. */
  dispose(): void;
}

/** Mounts a tmpfs of this size. Undefined where that is not allowed. */
export function mountLogDisk(bytes: number): LogDisk | undefined {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return undefined;
  const path = mkdtempSync(join(tmpdir(), 'mainstay-disk-'));
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${bytes},mode=700`, 'tmpfs', path], { stdio: 'pipe' });
  } catch {
    rmSync(path, { recursive: true, force: true });
    return undefined;
  }
  const filler = join(path, 'filler');
  return {
    path,
    fill: () => fill(filler, path),
    free: () => rmSync(filler, { force: true }),
    dispose() {
      try {
        execFileSync('umount', ['-l', path], { stdio: 'pipe' });
      } catch {
        // It is not mounted any more.
      }
      rmSync(path, { recursive: true, force: true });
    },
  };
}

function fill(filler: string, path: string): void {
  try {
    const { bavail, bsize } = statfsSync(path);
    writeFileSync(filler, Buffer.alloc(bavail * bsize + bsize));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
  }
}
