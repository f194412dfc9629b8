import { isAppError } from '@mainstay/core';
import { loadPipeSecurity } from '@mainstay/platform';

import { agentErrors } from '../errors.ts';
import { notRunning } from './ownership.ts';

/** ERROR_FILE_NOT_FOUND: nobody has made a pipe of that name. */
const notFound = 2;

/**
 * Windows: anybody can make a pipe of the agent's name before the agent does, and would be shown its token. Throws
 * AGENT_SOCKET_WRONG_OWNER, AGENT_NOT_RUNNING.
 */
export async function checkPipe(path: string): Promise<void> {
  const { isTrustedOwner, readPipeSecurity } = await loadPipeSecurity();
  let owner: string | undefined;
  try {
    ({ owner } = readPipeSecurity(path));
  } catch (error) {
    if (isAppError(error) && error.details['code'] === notFound) throw notRunning(path);
    throw error;
  }
  // Wine does not say who made a pipe.
  if (owner === undefined || isTrustedOwner(owner)) return;
  throw agentErrors.error(
    'AGENT_SOCKET_WRONG_OWNER',
    `The pipe ${path} was made by another account (${owner}); it is not used, because that could answer in the agent's place`,
    { details: { path, owner } },
  );
}
