import { existsSync, readdirSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const root = '/sys/fs/cgroup';
/** An agent's directory lies in its own cgroup, of each hierarchy; those of test machines are not deep. */
const maxDepth = 5;

/** Every control group of this name, in every hierarchy. */
export function cgroupsNamed(name: string): readonly string[] {
  return existsSync(root) ? below(root, name, maxDepth) : [];
}

/** With all that lives in it. */
export function removeCgroupTree(path: string): void {
  try {
    if (existsSync(join(path, 'cgroup.kill'))) writeFileSync(join(path, 'cgroup.kill'), '1');
    for (const name of foldersIn(path)) removeCgroupTree(join(path, name));
    rmdirSync(path);
  } catch {
    // It has gone, or holds a process that the kernel has not let go of yet.
  }
}

function below(folder: string, name: string, depth: number): readonly string[] {
  return foldersIn(folder).flatMap((each) => {
    const path = join(folder, each);
    if (each === name) return [path];
    // Those of other agents hold a group for each of their services.
    return depth === 1 || each.startsWith('mainstay-') ? [] : below(path, name, depth - 1);
  });
}

function foldersIn(path: string): readonly string[] {
  try {
    return readdirSync(path, { withFileTypes: true }).flatMap((entry) =>
      entry.isDirectory() ? [entry.name] : [],
    );
  } catch {
    return [];
  }
}
