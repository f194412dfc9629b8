import { createHash } from 'node:crypto';
import { loaderAsset, programAsset } from '../bundle/loader.ts';
import type { Bundle } from '../bundle/bundle.ts';
import type { Project } from '../project/load-project.ts';
import { platformOf, type Target } from '../targets.ts';
import { injectIntoElf } from './elf.ts';
import { injectIntoMachO } from './macho.ts';
import { injectIntoPe } from './pe.ts';
import { writeSeaBlob } from './sea-blob.ts';

export interface ExecutableInput {
  readonly target: Target;
  readonly project: Project;
  readonly fileName: string;
  readonly runtime: Buffer;
  readonly koffi: Buffer;
  readonly bundle: Pick<Bundle, 'loader' | 'code' | 'licences'>;
  /** Content of the `mainstay.json` asset. */
  readonly buildInfo: string;
  /** Assets of native addons. */
  readonly addons: ReadonlyMap<string, Buffer>;
  /** Content of an .ico file. */
  readonly icon: Buffer;
}

/**
 * Flags that every executable starts with:
 * - `--openssl-config`: OPENSSL_CONF, or a file in a folder that an unprivileged user may create on Windows, could
 *   name a provider, which is a shared library that gets loaded;
 * - `--disable-sigusr1`: otherwise the signal opens the debugger's port.
 */
export function embeddedFlags(target: Target): string[] {
  const nothing = platformOf(target).platform === 'win32' ? 'NUL' : '/dev/null';
  return ['--disable-sigusr1', `--openssl-config=${nothing}`];
}

/** Puts the program and its assets into the runtime. Returns the file in parts. */
export function assembleExecutable(input: ExecutableInput): Buffer[] {
  const { project, bundle } = input;
  const blob = writeSeaBlob({
    main: bundle.loader,
    assets: new Map([
      ...input.addons,
      // Once more, because `node:sea` does not give out the main script: worker threads begin with it as well.
      [loaderAsset, Buffer.from(bundle.loader)],
      [programAsset, Buffer.from(bundle.code)],
      ['licences.txt', Buffer.from(bundle.licences)],
      ['mainstay.json', Buffer.from(input.buildInfo)],
      ['koffi.node', input.koffi],
      ['koffi.node.sha256', Buffer.from(createHash('sha256').update(input.koffi).digest('hex'))],
    ]),
    execArgv: embeddedFlags(input.target),
  });
  switch (platformOf(input.target).platform) {
    case 'linux':
      return injectIntoElf(input.runtime, blob);
    case 'darwin':
      return injectIntoMachO(input.runtime, blob, project.name);
    case 'win32':
      return injectIntoPe(
        input.runtime,
        blob,
        {
          name: project.name,
          displayName: project.displayName,
          description: project.description,
          version: project.version,
          company: project.author,
          copyright: project.author === undefined ? undefined : `Copyright ${project.author}`,
          fileName: input.fileName,
        },
        input.icon,
      );
  }
}
