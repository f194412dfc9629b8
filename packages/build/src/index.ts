export { buildExecutables, type BuildOptions } from './build-executables.ts';
export { createProject, type CreatedProject, type CreateProjectOptions } from './create-project.ts';
export { buildErrors, type BuildErrorCode } from './errors.ts';
export type { BuildEvent, BuildProgress, BuildStep } from './events.ts';
export type { ImageOptions } from './image/build-image.ts';
export type { BuildManifest, ManifestFile, ManifestImage } from './output/manifest.ts';
export { defaultCacheFolder } from './runtime/cache-folder.ts';
export type { RuntimeSource } from './runtime/runtime-store.ts';
export { hostTarget, parseTargets, targets, type Target } from './targets.ts';
