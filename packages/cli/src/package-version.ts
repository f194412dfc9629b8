import { readFileSync } from 'node:fs';

/** The version in the nearest package.json above a file; undefined when there is none to read. */
export function packageVersion(fileUrl: string): string | undefined {
  for (let folder = new URL('.', fileUrl); ; folder = new URL('..', folder)) {
    try {
      const manifest = JSON.parse(readFileSync(new URL('package.json', folder), 'utf8')) as {
        version?: unknown;
      };
      return typeof manifest.version === 'string' ? manifest.version : undefined;
    } catch {
      // What is wrong with a package.json is for the builder to say.
    }
    if (folder.pathname === new URL('..', folder).pathname) return undefined;
  }
}
