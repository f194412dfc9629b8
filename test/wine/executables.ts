import { rmSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildExecutables } from '../../packages/build/src/index.ts';

const inputs = {
  addon: join(import.meta.dirname, 'addon-service.ts'),
  driver: join(import.meta.dirname, 'driver/driver-service.ts'),
  mainstay: join(import.meta.dirname, '../../packages/cli/src/executable.ts'),
  web: join(import.meta.dirname, 'agent/web-service.ts'),
  fixture: join(import.meta.dirname, '../conformance/fixture-service.ts'),
} as const;

const built = new Map<string, Promise<string>>();

/** Unix path of a Windows executable of ours, cross-built once for each test process and removed at its end. */
export function windowsExecutable(name: keyof typeof inputs): Promise<string> {
  const made = built.get(name) ?? build(name);
  built.set(name, made);
  return made;
}

async function build(name: keyof typeof inputs): Promise<string> {
  const outputFolder = await mkdtemp(join(tmpdir(), `mainstay-wine-${name}-`));
  process.once('exit', () => rmSync(outputFolder, { recursive: true, force: true }));
  const manifest = await buildExecutables({
    input: inputs[name],
    targets: ['win-x64'],
    outputFolder,
    name,
    typeCheck: false,
    commit: false,
  });
  const [file] = manifest.files;
  if (!file) throw new Error(`Nothing was built from ${inputs[name]}`);
  return join(outputFolder, file.file);
}
