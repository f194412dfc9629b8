import { posix, win32 } from 'node:path';

import { checkPathLength, socketName } from './path.ts';

/** How to get to an agent: a Unix socket, or a named pipe whose callers show a token. */
export interface Endpoint {
  /** What `net.connect` and `server.listen` take. */
  readonly path: string;
  /** The directory that has to be the agent's own. */
  readonly directory: string;
  /** File with the token that callers of a named pipe show; undefined where the file system guards the socket. */
  readonly tokenFile: string | undefined;
}

/**
 * The way in to the agent of a runtime directory. A pipe's name says which directory it belongs to, and who may read
 * that directory's token may use it. Throws AGENT_SOCKET_PATH_TOO_LONG.
 */
export function endpointIn(runtimeDirectory: string, platform: NodeJS.Platform = process.platform): Endpoint {
  if (platform !== 'win32') {
    const path = posix.join(runtimeDirectory, socketName);
    checkPathLength(path, platform);
    return { path, directory: runtimeDirectory, tokenFile: undefined };
  }
  // Loaded here alone: it costs memory, and POSIX does not need it.
  const { createHash } = process.getBuiltinModule('node:crypto');
  // Windows' paths do not tell upper from lower case.
  const name = createHash('sha256')
    .update(win32.resolve(runtimeDirectory).toLowerCase())
    .digest('hex')
    .slice(0, 32);
  return {
    path: `\\\\.\\pipe\\mainstay-${name}`,
    directory: runtimeDirectory,
    tokenFile: win32.join(runtimeDirectory, 'agent.token'),
  };
}

/** Of the path of a socket that somebody named (`--socket`). Throws AGENT_SOCKET_PATH_TOO_LONG. */
export function endpointAt(socketPath: string, platform: NodeJS.Platform = process.platform): Endpoint {
  if (platform === 'win32') return endpointIn(socketPath, platform);
  checkPathLength(socketPath, platform);
  return { path: socketPath, directory: posix.dirname(socketPath), tokenFile: undefined };
}
