import type { IncomingMessage } from 'node:http';

import { connectionLost, invalidAnswer } from './exchange.ts';

/** Longest line that is taken, in characters. */
const maxLineLength = 16 * 1024 * 1024;

/**
 * The documents of an NDJSON answer, in the batches in which they come, taken as fast as the caller asks for them. Ends with the answer, or quietly when
 * the signal is aborted. Throws AGENT_SOCKET_FAILED when the agent ends half-way, AGENT_ANSWER_INVALID.
 */
export async function* readJsonLines(
  response: IncomingMessage,
  signal: AbortSignal | undefined,
): AsyncGenerator<readonly unknown[], void, void> {
  let rest = '';
  response.setEncoding('utf8');
  const chunks = response[Symbol.asyncIterator]() as AsyncIterator<string>;
  try {
    for (;;) {
      const chunk = await nextOf(chunks, signal);
      if (chunk === undefined) break;
      const lines = (rest + chunk).split('\n');
      rest = lines.pop() ?? '';
      if (rest.length > maxLineLength)
        throw invalidAnswer(`a line is longer than ${maxLineLength} characters`);
      if (lines.length > 0) yield lines.map(parse);
    }
    if (rest !== '' && !signal?.aborted) throw connectionLost(new Error('the last line is not complete'));
  } finally {
    response.destroy();
  }
}

async function nextOf(
  chunks: AsyncIterator<string>,
  signal: AbortSignal | undefined,
): Promise<string | undefined> {
  try {
    const { done, value } = await chunks.next();
    return done === true ? undefined : value;
  } catch (error) {
    if (signal?.aborted) return undefined;
    throw connectionLost(error);
  }
}

function parse(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch (error) {
    throw invalidAnswer('a line of it is not JSON', error);
  }
}
