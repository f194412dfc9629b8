import { messageOf, type Logger, type ReclaimRequest } from '@mainstay/core';
import { ControlClient } from './client.ts';
import type { ControlHealth } from './protocol.ts';

interface AskOptions {
  /** How long the answer may take, in milliseconds. */
  readonly timeoutMs: number;
  readonly log?: Logger;
}

/**
 * Asks a running service for its health over its control socket. Never rejects: undefined when nobody listens there, it
 * does not answer in time, or the socket is another user's.
 */
export function askHealth(path: string, options: AskOptions): Promise<ControlHealth | undefined> {
  return ask(path, options, (client) => client.probe());
}

/** Asks it to reclaim, in the same way. @returns false when it has nothing that it could do */
export function askReclaim(
  path: string,
  request: ReclaimRequest,
  options: AskOptions,
): Promise<boolean | undefined> {
  return ask(path, options, (client) => client.reclaim(request));
}

async function ask<Answer>(
  path: string,
  { timeoutMs, log }: AskOptions,
  question: (client: ControlClient) => Promise<Answer>,
): Promise<Answer | undefined> {
  let client: ControlClient | undefined;
  try {
    client = await ControlClient.connect(path, { timeoutMs });
    return await question(client);
  } catch (error) {
    log?.debug({ path, error: messageOf(error) }, 'A service could not be asked over its control socket');
    return undefined;
  } finally {
    client?.close();
  }
}
