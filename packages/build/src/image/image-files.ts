import type { SharedLibrary } from './shared-libraries.ts';
import type { TarEntry } from './tar-archive.ts';

/** The user that distroless images call "nonroot"; numeric, so that Kubernetes' runAsNonRoot can tell that it is not root. */
export const imageUser = 65532;

/** Where the executable lies in the image. */
export const serviceFile = 'service';

/**
 * The layer under the executable when there is no base image: the shared libraries and what the C library reads. Node
 * brings its own certificates and time zones. It changes only with the libraries, so that an update ships one layer.
 */
export function rootLayer(libraries: readonly SharedLibrary[]): TarEntry[] {
  const files: TarEntry[] = [
    ...libraries.map(({ path, content }) => ({
      path: path.replace(/^\/+/, ''),
      mode: 0o755,
      content: [content],
    })),
    textFile(
      'etc/passwd',
      'root:x:0:0:root:/root:/sbin/nologin',
      `nonroot:x:${imageUser}:${imageUser}:nonroot:/:/sbin/nologin`,
    ),
    textFile('etc/group', 'root:x:0:', `nonroot:x:${imageUser}:`),
    // Without it, glibc's built-in order asks DNS before /etc/hosts in some versions.
    textFile('etc/nsswitch.conf', 'passwd: files', 'group: files', 'hosts: files dns'),
  ];
  return withFolders([{ path: 'tmp', mode: 0o1777 }, ...files]);
}

/** The executable, and the folders that systemd would have given it. */
export function serviceLayer(name: string, executable: Uint8Array): TarEntry[] {
  return withFolders([
    { path: `etc/${name}`, mode: 0o755 },
    { path: serviceFile, mode: 0o755, content: [executable] },
    { path: `var/lib/${name}`, mode: 0o700, uid: imageUser, gid: imageUser },
  ]);
}

function textFile(path: string, ...lines: string[]): TarEntry {
  return { path, mode: 0o644, content: [Buffer.from(`${lines.join('\n')}\n`)] };
}

/** Sorted by path, with every folder above an entry before it. */
function withFolders(entries: readonly TarEntry[]): TarEntry[] {
  const all = new Map<string, TarEntry>();
  for (const { path } of entries) {
    const names = path.split('/').slice(0, -1);
    for (let count = 1; count <= names.length; count++) {
      const folder = names.slice(0, count).join('/');
      all.set(folder, { path: folder, mode: 0o755 });
    }
  }
  for (const entry of entries) all.set(entry.path, entry);
  return [...all.values()].sort((a, b) => (a.path < b.path ? -1 : 1));
}
