import { parseEnv } from 'node:util';

import { messageOf } from '@mainstay/core';

import type { ServiceDraft } from './read-service.ts';
import type { ManifestSurroundings, ServiceDeclaration } from './types.ts';

/** Puts in what is in files: the program of `service:`, and the variables of `envFile`, which `env` goes before. */
export async function resolveService(
  draft: ServiceDraft,
  surroundings: ManifestSurroundings,
): Promise<ServiceDeclaration> {
  const { source, hasCwd, envFiles } = draft;
  let { declaration } = draft;
  let env: Record<string, string> = {};
  for (const { path, value } of envFiles)
    try {
      env = { ...env, ...(parseEnv(await surroundings.readText(path)) as Record<string, string>) };
    } catch (error) {
      value.refuse(`cannot be read: ${messageOf(error)}`);
    }
  if (envFiles.length > 0) declaration = { ...declaration, env: { ...env, ...declaration.env } };
  if (!source || declaration.program.type !== 'service') return declaration;
  const located = await surroundings.locate(source.path);
  if (!located.ok) {
    source.value.fail(located.message);
    return declaration;
  }
  const { command, args, cwd } = located.program;
  return {
    ...declaration,
    program: { ...declaration.program, command, args: [...args, ...declaration.program.args] },
    cwd: hasCwd ? declaration.cwd : cwd,
  };
}
