/** A hierarchy of cgroups as this process sees it. */
export interface CgroupMount {
  readonly version: 1 | 2;
  /** Version 1 only, such as `memory`; those of version 2 are in `cgroup.controllers`. */
  readonly controllers: readonly string[];
  /** Directory of the cgroup that this process is in. */
  readonly own: string;
  /** The cgroup that this process is in is the first that can be seen: the root, or that of a container. */
  readonly isTop: boolean;
}

/**
 * Reads /proc/self/mountinfo (proc_pid_mountinfo(5)) and /proc/self/cgroup (cgroups(7)): where this process is in each
 * hierarchy that is mounted.
 */
export function readCgroupMounts(mountInfo: string, ownCgroups: string): readonly CgroupMount[] {
  const own = ownCgroups
    .trim()
    .split('\n')
    .map((line) => {
      const [id = '', controllers = '', ...path] = line.split(':');
      return { id, controllers: controllers.split(',').filter(Boolean), path: path.join(':') };
    });
  const mounts: CgroupMount[] = [];
  for (const line of mountInfo.trim().split('\n')) {
    const [before = '', after = ''] = line.split(' - ');
    const [, , , root = '', point = ''] = before.split(' ').map(unescape);
    const [type, , options = ''] = after.split(' ');
    const entry =
      type === 'cgroup2'
        ? own.find(({ id }) => id === '0')
        : type === 'cgroup'
          ? own.find(({ controllers }) => isMountOf(options.split(','), controllers))
          : undefined;
    if (!entry || mounts.some(({ controllers, version }) => isSame(controllers, version, entry, type)))
      continue;
    const below = pathBelow(entry.path, root);
    mounts.push({
      version: type === 'cgroup2' ? 2 : 1,
      controllers: type === 'cgroup2' ? [] : entry.controllers,
      own: below === '' ? point : `${point}/${below}`,
      isTop: below === '',
    });
  }
  return mounts;
}

function isMountOf(options: readonly string[], controllers: readonly string[]): boolean {
  return controllers.length > 0 && controllers.every((controller) => options.includes(controller));
}

function isSame(
  controllers: readonly string[],
  version: 1 | 2,
  entry: { readonly controllers: readonly string[] },
  type: string | undefined,
): boolean {
  return version === (type === 'cgroup2' ? 2 : 1) && controllers.join(',') === entry.controllers.join(',');
}

/** What is left of a path below the root of the mount; the mount itself when it is elsewhere (a bind mount). */
function pathBelow(path: string, root: string): string {
  const prefix = root === '/' ? '/' : `${root}/`;
  return path.startsWith(prefix) ? path.slice(prefix.length) : '';
}

/** Space, tab, line feed and backslash are written as octal numbers. */
function unescape(field: string): string {
  return field.replace(/\\([0-7]{3})/g, (_, code: string) => String.fromCharCode(Number.parseInt(code, 8)));
}
