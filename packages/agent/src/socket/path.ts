import { agentErrors } from '../errors.ts';

/** Name of the socket in the agent's runtime directory. */
export const socketName = 'agent.sock';

/** Bytes of a path that a socket's address holds without its NUL: unix(7) has 108, the BSDs 104. */
function maxPathBytes(platform: NodeJS.Platform): number {
  return platform === 'linux' ? 107 : 103;
}

/** On Windows the way in is a named pipe, whose name is short. */
export function isPathTooLong(path: string, platform: NodeJS.Platform = process.platform): boolean {
  return platform !== 'win32' && Buffer.byteLength(path) > maxPathBytes(platform);
}

/** Throws AGENT_SOCKET_PATH_TOO_LONG; the system itself would say EINVAL, or take a part of the path. */
export function checkPathLength(path: string, platform: NodeJS.Platform = process.platform): void {
  if (!isPathTooLong(path, platform)) return;
  throw agentErrors.error(
    'AGENT_SOCKET_PATH_TOO_LONG',
    `The socket path ${path} has ${Buffer.byteLength(path)} bytes, and this system allows ${maxPathBytes(platform)}: choose a shorter runtime directory`,
    { details: { path } },
  );
}
