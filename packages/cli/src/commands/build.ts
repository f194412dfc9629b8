import { resolve } from 'node:path';

import {
  buildErrors,
  buildExecutables,
  hostTarget,
  type BuildManifest,
  type BuildOptions,
} from '@mainstay/build';
import { ExitCode, formatSize } from '@mainstay/core';

import { BuildProgressView } from '../build-progress.ts';
import type { CliContext } from '../context.ts';

interface BuildCommandOptions {
  readonly target?: readonly string[];
  readonly out: string;
  readonly name?: string;
  readonly icon?: string;
  readonly sign?: string;
  readonly image?: boolean;
  readonly imageRoot?: string;
  readonly imageBase?: string;
  readonly sourceMap?: boolean;
  readonly typeCheck: boolean;
  readonly commit: boolean;
  readonly cache?: string;
  readonly json?: boolean;
}

export async function build(
  context: CliContext,
  entry: string,
  options: BuildCommandOptions,
): Promise<number> {
  const { out, err } = context.output;
  const outputFolder = resolve(context.cwd, options.out);
  const view = new BuildProgressView(err, { now: () => performance.now(), quiet: options.json === true });
  process.once('SIGINT', () => context.interrupted.abort());
  try {
    const manifest = await buildExecutables({
      input: resolve(context.cwd, entry),
      targets: options.target ?? [ownTarget()],
      outputFolder,
      typeCheck: options.typeCheck,
      commit: options.commit,
      sourceMap: options.sourceMap ?? false,
      color: err.isTTY,
      onProgress: (event) => view.show(event),
      signal: context.interrupted.signal,
      ...imageOptions(context, options),
      ...(options.name === undefined ? {} : { name: options.name }),
      ...(options.icon === undefined ? {} : { icon: resolve(context.cwd, options.icon) }),
      ...(options.sign === undefined ? {} : { sign: options.sign }),
      ...(options.cache === undefined ? {} : { cacheFolder: resolve(context.cwd, options.cache) }),
    });
    view.end();
    if (options.json) out.write(`${JSON.stringify(manifest, undefined, 2)}\n`);
    else out.write(summary(manifest, outputFolder));
    return ExitCode.ok;
  } finally {
    view.end();
  }
}

/** Either of the two places asks for an image as well. */
function imageOptions(
  { cwd }: CliContext,
  { image, imageRoot, imageBase }: BuildCommandOptions,
): Pick<BuildOptions, 'image'> {
  if (image !== true && imageRoot === undefined && imageBase === undefined) return {};
  return {
    image: {
      ...(imageRoot === undefined ? {} : { root: resolve(cwd, imageRoot) }),
      ...(imageBase === undefined ? {} : { base: resolve(cwd, imageBase) }),
    },
  };
}

function summary(manifest: BuildManifest, folder: string): string {
  const { service, files } = manifest;
  const outputs = files.flatMap((file) => (file.image === undefined ? [file] : [file, file.image]));
  const width = Math.max(...outputs.map(({ file }) => file.length));
  const rows = outputs.map(
    ({ file, bytes, sha256 }) =>
      `  ${file.padEnd(width)}  ${formatSize(bytes).padStart(9)}  sha256 ${sha256.slice(0, 16)}…`,
  );
  return `Built ${service.name} ${service.version} in ${folder}\n${rows.join('\n')}\n`;
}

function ownTarget(): string {
  const target = hostTarget();
  if (target !== undefined) return target;
  throw buildErrors.error(
    'BUILD_UNKNOWN_TARGET',
    `This machine (${process.platform}-${process.arch}) is not a target itself; name one with --target`,
  );
}
