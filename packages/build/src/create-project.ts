import { chmod, mkdir, mkdtemp, readdir, rename, rm, rmdir, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { messageOf } from '@mainstay/core';
import { buildErrors } from './errors.ts';
import { failureCode } from './output/failure.ts';
import { builderFolder, builderVersion } from './project/builder-packages.ts';
import { projectFiles } from './templates.ts';

export interface CreateProjectOptions {
  /** Name of the service and of its folder: lower-case letters, digits and dashes. */
  readonly name: string;
  /** Folder in which the project's folder is made. @default the working directory */
  readonly parentFolder?: string;
  /** One sentence. */
  readonly description?: string;
}

export interface CreatedProject {
  readonly folder: string;
  /** Relative to the folder, sorted. */
  readonly files: readonly string[];
}

/**
 * Makes a new service project that builds and runs as it is. It appears whole or not at all.
 *
 * @throws AppError INIT_BAD_NAME, INIT_FOLDER_NOT_EMPTY, BUILD_OUTPUT_NOT_WRITABLE, BUILD_NO_SPACE
 */
export async function createProject(options: CreateProjectOptions): Promise<CreatedProject> {
  const { name } = options;
  if (!/^[a-z][a-z0-9]*(?:-[a-z0-9]+)*$/.test(name) || name.length > 64) {
    throw buildErrors.error(
      'INIT_BAD_NAME',
      `"${name}" cannot be the name of a project; use lower-case letters, digits and single dashes, beginning with a letter (at most 64)`,
    );
  }
  const folder = resolve(options.parentFolder ?? '.', name);
  const existing = await readdir(folder).catch(() => undefined);
  if (existing !== undefined && existing.length > 0) {
    throw buildErrors.error(
      'INIT_FOLDER_NOT_EMPTY',
      `The folder ${folder} is not empty; choose another name or empty it`,
      { details: { folder } },
    );
  }
  const files = projectFiles({
    name,
    description: options.description ?? `The ${name} service`,
    // From a checkout there is no published SDK to depend on: the builder supplies its own.
    sdkVersion: builderFolder.includes('node_modules') ? builderVersion() : undefined,
  });
  let staged: string | undefined;
  try {
    await mkdir(dirname(folder), { recursive: true });
    staged = await mkdtemp(join(dirname(folder), `.${name}-`));
    for (const [path, content] of files) {
      const file = join(staged, path);
      await mkdir(dirname(file), { recursive: true });
      await writeFile(file, content);
    }
    await chmod(staged, 0o777 & ~process.umask()); // mkdtemp's folder is for its owner alone
    if (existing !== undefined) await rmdir(folder);
    await rename(staged, folder);
  } catch (error) {
    if (staged !== undefined) await rm(staged, { recursive: true, force: true });
    const code = failureCode(error);
    if (code === 'ENOSPC' || code === 'EDQUOT') {
      throw buildErrors.error('BUILD_NO_SPACE', `No space left for the project at ${folder}`, {
        cause: error,
      });
    }
    throw buildErrors.error(
      'BUILD_OUTPUT_NOT_WRITABLE',
      `Cannot make the project at ${folder}: ${messageOf(error)}; choose another folder or correct its permissions`,
      { cause: error },
    );
  }
  return { folder, files: [...files.keys()].sort() };
}
