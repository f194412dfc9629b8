import { builderVersion } from './project/builder-packages.ts';
import type { Project } from './project/load-project.ts';
import { pinnedRuntimes } from './runtime/pinned.ts';
import type { Target } from './targets.ts';

/** What the program is told about its own build; read by the SDK's `main`. Nothing in it changes with time or place. */
export function describeBuild(
  project: Project,
  target: Target,
  commit: string | undefined,
): Record<string, string> {
  const { name, displayName, description, version } = project;
  const { node, koffi } = pinnedRuntimes[target];
  return {
    name,
    displayName,
    description,
    version,
    target,
    nodeVersion: node.version,
    koffiVersion: koffi.version,
    mainstayVersion: builderVersion(),
    ...(commit === undefined ? {} : { commit }),
  };
}
