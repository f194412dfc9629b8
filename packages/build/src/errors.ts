import { defineErrors, ExitCode } from '@mainstay/core';

/** Everything `mainstay build` and `mainstay init` can fail with. */
export const buildErrors = defineErrors('build', {
  BUILD_UNKNOWN_TARGET: {
    kind: 'operator',
    summary: 'The target is not known',
    action: 'Use one of the listed targets',
    exitCode: ExitCode.usage,
  },
  BUILD_ENTRY_NOT_FOUND: {
    kind: 'operator',
    summary: 'There is no entry file at the given path',
    action: 'Name a TypeScript or JavaScript file, or a folder whose package.json has "mainstay.entry"',
    exitCode: ExitCode.usage,
  },
  BUILD_BAD_PROJECT: {
    kind: 'operator',
    summary: 'The package.json of the project cannot be used',
    action: 'Correct the field that the message names',
    exitCode: ExitCode.usage,
  },
  BUILD_TYPE_ERRORS: {
    kind: 'operator',
    summary: 'TypeScript found errors',
    action: 'Correct them, or build with the type check switched off',
  },
  BUILD_TYPE_CHECK_FAILED: {
    kind: 'environment',
    summary: 'The TypeScript compiler could not be run',
    action: 'Install typescript in the project, or build with the type check switched off',
  },
  BUILD_BUNDLE_FAILED: {
    kind: 'operator',
    summary: 'The source cannot be bundled: a syntax error or an import that does not resolve',
    action: 'Correct the line that the message names',
  },
  BUILD_NATIVE_ADDON_MISSING: {
    kind: 'operator',
    summary: 'A dependency with a native addon has no binary for the target',
    action: 'Install the binary for the target, use another package, or leave the target out',
  },
  BUILD_DOWNLOAD_FAILED: {
    kind: 'environment',
    summary: 'A runtime package could not be downloaded from the npm registry',
    action: 'Check the network and the registry, proxy and certificate settings of npm',
  },
  BUILD_INTEGRITY_MISMATCH: {
    kind: 'environment',
    summary: 'A downloaded package is not the pinned one',
    action: 'Do not use it; find out what the registry or a proxy serves in its place',
  },
  BUILD_CACHE_NOT_WRITABLE: {
    kind: 'environment',
    summary: 'The download cache cannot be written',
    action: 'Free space, correct its permissions, or name another folder in MAINSTAY_CACHE',
  },
  BUILD_OUTPUT_NOT_WRITABLE: {
    kind: 'environment',
    summary: 'The output folder cannot be written',
    action: 'Choose another folder or correct its permissions',
  },
  BUILD_NO_SPACE: {
    kind: 'environment',
    summary: 'The disk is full',
    action: 'Free space (about 150 MB per target) or choose another output folder',
  },
  BUILD_UNEXPECTED_RUNTIME: {
    kind: 'bug',
    summary: 'The runtime binary does not have the layout that the builder knows',
    action: 'Report it; the pinned runtime and the builder do not fit together',
  },
  BUILD_BAD_ICON: {
    kind: 'operator',
    summary: 'The icon is not a Windows .ico file',
    action: 'Name a readable .ico file',
    exitCode: ExitCode.usage,
  },
  BUILD_IMAGE_NEEDS_LINUX: {
    kind: 'operator',
    summary: 'A container image was asked for, and no target is a Linux',
    action: 'Add linux-x64 or linux-arm64 to the targets, or leave the image out',
    exitCode: ExitCode.usage,
  },
  BUILD_IMAGE_LIBRARY_MISSING: {
    kind: 'environment',
    summary: "A shared library for the container image is not there for the target's architecture",
    action: 'Name a folder with the file system of such a Linux, or an image to build on',
  },
  BUILD_BAD_BASE_IMAGE: {
    kind: 'operator',
    summary: 'The image to build on cannot be read, is damaged, or is not for the platform',
    action: 'Name the folder or tar archive of an OCI image layout that has the platform',
  },
  BUILD_SIGNING_FAILED: {
    kind: 'environment',
    summary: 'The signing command failed',
    action: 'Run the command that the message shows by hand',
  },
  BUILD_ABORTED: {
    kind: 'operator',
    summary: 'The build was interrupted',
    action: 'Run it again; nothing was written',
  },
  INIT_BAD_NAME: {
    kind: 'operator',
    summary: 'The project name cannot be used',
    action: 'Use lower-case letters, digits and dashes, beginning with a letter',
    exitCode: ExitCode.usage,
  },
  INIT_FOLDER_NOT_EMPTY: {
    kind: 'operator',
    summary: 'The folder of the new project is not empty',
    action: 'Choose another name or empty the folder',
    exitCode: ExitCode.usage,
  },
});

export type BuildErrorCode = keyof typeof buildErrors.entries;
