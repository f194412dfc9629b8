import { resolve } from 'node:path';
import type { BuildOptions } from './build-options.ts';
import { BuildWork } from './build-work.ts';
import { buildErrors } from './errors.ts';
import { loadIcon } from './executable/icon.ts';
import type { BuildManifest } from './output/manifest.ts';
import { Staging } from './output/staging.ts';
import { loadProject } from './project/load-project.ts';
import { isLinux, parseTargets } from './targets.ts';

/**
 * Builds one executable per target. Either all of them and the manifest are in the output folder afterwards, or the
 * folder is as it was.
 *
 * @throws AppError with a code of {@link buildErrors}
 */
export async function buildExecutables(options: BuildOptions): Promise<BuildManifest> {
  const signal = options.signal ?? new AbortController().signal;
  try {
    return await build(options, signal);
  } catch (error) {
    if (!signal.aborted) throw error;
    throw buildErrors.error('BUILD_ABORTED', 'The build was interrupted; nothing was written', {
      cause: error,
    });
  }
}

async function build(options: BuildOptions, outerSignal: AbortSignal): Promise<BuildManifest> {
  const targets = parseTargets(options.targets);
  if (options.image !== undefined && !targets.some(isLinux)) {
    throw buildErrors.error(
      'BUILD_IMAGE_NEEDS_LINUX',
      `A container image holds a Linux executable, and the targets are ${targets.join(', ')}; add linux-x64 or linux-arm64`,
    );
  }
  const project = await loadProject(options.input, options.name);
  const icon = await loadIcon(options.icon);
  const staging = await Staging.open(resolve(options.outputFolder));
  // The first failure ends what runs beside it: downloads, compilers, other executables.
  const failure = new AbortController();
  const signal = AbortSignal.any([outerSignal, failure.signal]);
  const work = new BuildWork(options, project, staging, icon, signal);
  let isPublished = false;
  try {
    outerSignal.throwIfAborted();
    const manifest = await work.run(targets, failure);
    isPublished = true;
    return manifest;
  } finally {
    await staging.close(isPublished);
  }
}
