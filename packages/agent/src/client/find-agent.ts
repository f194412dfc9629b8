import { lstatSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';

import {
  directoriesBeside,
  directoryFacts,
  installedDirectories,
  type DirectoryFacts,
} from '../directories.ts';
import { agentErrors } from '../errors.ts';
import { howToStart } from '../socket/how-to-start.ts';
import { socketName } from '../socket/path.ts';

export interface FindAgentOptions {
  /** What `--socket` said. */
  readonly socket?: string | undefined;
  readonly cwd: string;
  readonly facts?: DirectoryFacts;
  /** True also for what may not be looked at. */
  readonly exists?: (path: string) => boolean;
}

/**
 * The socket (on Windows the runtime directory) of the agent that a command is meant for: the one that was named, by
 * `--socket` or MAINSTAY_SOCKET; the one of `mainstay up` in this folder or above; the user's own; the machine's.
 *
 * Throws AGENT_NOT_RUNNING, naming where it looked.
 */
export function findAgent({
  socket,
  cwd,
  facts = directoryFacts(),
  exists = mayExist,
}: FindAgentOptions): string {
  const named = socket ?? (facts.env['MAINSTAY_SOCKET'] || undefined);
  if (named !== undefined) return resolve(cwd, named);
  const places = [...beside(cwd, facts), ...installed(facts)];
  const found = places.find((place) => exists(place.proof));
  if (found) return found.way;
  throw agentErrors.error('AGENT_NOT_RUNNING', `No agent runs for ${cwd}; ${howToStart}`, {
    details: { lookedAt: places.map(({ proof }) => proof) },
  });
}

interface Place {
  /** The file that is there while an agent is. */
  readonly proof: string;
  readonly way: string;
}

function* beside(cwd: string, facts: DirectoryFacts): Generator<Place> {
  for (let folder = resolve(cwd); ; folder = dirname(folder)) {
    yield placeIn(directoriesBeside(folder, facts).runtime, facts);
    if (dirname(folder) === folder) return;
  }
}

function installed(facts: DirectoryFacts): Place[] {
  return (['user', 'system'] as const).map((scope) =>
    placeIn(installedDirectories(scope, facts).runtime, facts),
  );
}

/** On Windows a pipe is no file; the token is. */
function placeIn(runtime: string, { platform }: DirectoryFacts): Place {
  if (platform === 'win32') return { proof: join(runtime, 'agent.token'), way: runtime };
  const socket = join(runtime, socketName);
  return { proof: socket, way: socket };
}

/** The directory of an agent of somebody else is closed: that it may not be used is then said in place of "no agent". */
function mayExist(path: string): boolean {
  try {
    lstatSync(path);
    return true;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return code === 'EACCES' || code === 'EPERM';
  }
}
