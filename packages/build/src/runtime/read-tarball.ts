import { Parser } from 'tar';

/**
 * The files of an npm package's tarball by their path inside the package. npm's own rule: the first folder of each path is
 * dropped, whatever it is called.
 */
export async function readTarball(tarball: Buffer): Promise<Map<string, Buffer>> {
  const files = new Map<string, Buffer>();
  await new Promise<void>((resolve, reject) => {
    const parser = new Parser({
      strict: true,
      onReadEntry(entry) {
        const parts: Buffer[] = [];
        entry.on('data', (chunk: Buffer) => parts.push(Buffer.from(chunk)));
        entry.on('end', () => {
          files.set(entry.path.replace(/^[^/]*\//, ''), Buffer.concat(parts));
        });
      },
    });
    parser.on('error', reject);
    parser.on('end', resolve);
    parser.end(tarball);
  });
  return files;
}
