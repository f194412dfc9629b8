import { cp, mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { TestContext } from 'node:test';

const fixtures = join(import.meta.dirname, 'fixtures');

/** A folder that is removed with the test. */
export async function temporaryFolder(context: Pick<TestContext, 'after'>): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'mainstay-build-test-'));
  context.after(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** Copies the fixture project, whose SDK is a stand-in that reports what the executable consists of. */
export async function copyProject(folder: string): Promise<string> {
  const project = join(folder, 'project');
  await cp(join(fixtures, 'plain'), project, { recursive: true });
  await mkdir(join(project, 'node_modules/@mainstay'), { recursive: true });
  await rename(join(project, 'sdk'), join(project, 'node_modules/@mainstay/service'));
  return project;
}

/** Writes files by path below a folder. */
export async function writeFiles(
  folder: string,
  files: Readonly<Record<string, string | Uint8Array>>,
): Promise<void> {
  for (const [path, content] of Object.entries(files)) {
    const file = join(folder, path);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, content);
  }
}
