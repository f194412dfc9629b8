import { request as httpRequest, type IncomingMessage } from 'node:http';
import { connect } from 'node:net';

import { AppError, isAppError, messageOf } from '@mainstay/core';

import { agentErrors } from '../errors.ts';
import { isRecord } from '../manifest/shape.ts';
import { endpointAt, type Endpoint } from '../socket/endpoint.ts';
import { checkPipe } from '../socket/pipe-ownership.ts';
import { checkOwnership, noPermission, notRunning, type OwnershipFacts } from '../socket/ownership.ts';
import { bearer, readToken } from '../socket/token.ts';

/** Longest answer that is read as a whole, in bytes. */
const maxAnswerBytes = 64 * 1024 * 1024;

export interface ExchangeOptions {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly body?: unknown;
  /** Without an answer within this the agent hangs, in milliseconds; undefined: it may take as long as it likes. */
  readonly timeoutMs: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Where requests go; checked anew for each. */
export interface Way {
  readonly endpoint: Endpoint;
  readonly ownership?: OwnershipFacts;
}

export function wayTo(socketPath: string, ownership?: OwnershipFacts): Way {
  return { endpoint: endpointAt(socketPath), ...(ownership && { ownership }) };
}

/**
 * Sends a request and resolves with the head of a good answer. Throws what the agent said went wrong, under its code;
 * AGENT_NOT_RUNNING, AGENT_SOCKET_WRONG_OWNER, AGENT_NO_PERMISSION, AGENT_NOT_RESPONDING, AGENT_ANSWER_INVALID.
 */
export async function exchange(way: Way, options: ExchangeOptions): Promise<IncomingMessage> {
  const { endpoint } = way;
  checkOwnership(endpoint, way.ownership);
  if (process.platform === 'win32') await checkPipe(endpoint.path);
  const { method, path, timeoutMs, signal } = options;
  const body = options.body === undefined ? undefined : JSON.stringify(options.body);
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  const request = httpRequest({
    method,
    path,
    // Without an agent of Node's, which would look whether the host is an address: the expressions for that take
    // milliseconds to be compiled.
    createConnection: () => connect(endpoint.path),
    headers: {
      host: 'agent',
      ...(body !== undefined && {
        'content-type': 'application/json',
        'content-length': Buffer.byteLength(body),
      }),
      ...authorization(endpoint),
    },
    ...(signal && { signal }),
  });
  const timer =
    timeoutMs === undefined
      ? undefined
      : setTimeout(() => request.destroy(notResponding(endpoint.path, timeoutMs)), timeoutMs);
  request.on('response', resolve);
  request.on('error', (error) => reject(failureOf(error, endpoint.path, signal)));
  request.end(body);
  try {
    const response = await promise;
    if (response.statusCode !== undefined && response.statusCode >= 200 && response.statusCode < 300)
      return response;
    throw await problemOf(response);
  } finally {
    clearTimeout(timer);
  }
}

/** A whole answer as JSON. */
export async function ask(way: Way, options: ExchangeOptions): Promise<unknown> {
  const text = await askText(way, options);
  try {
    return JSON.parse(text);
  } catch (error) {
    throw invalidAnswer('it is not JSON', error);
  }
}

export async function askText(way: Way, options: ExchangeOptions): Promise<string> {
  return await readAll(await exchange(way, options));
}

async function readAll(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const chunk of response as AsyncIterable<Buffer>) {
      bytes += chunk.length;
      if (bytes > maxAnswerBytes) throw invalidAnswer(`it is longer than ${maxAnswerBytes} bytes`);
      chunks.push(chunk);
    }
  } catch (error) {
    throw isAppError(error) ? error : connectionLost(error);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function authorization({ tokenFile, path }: Endpoint): { authorization?: string } {
  if (tokenFile === undefined) return {};
  try {
    return { authorization: bearer(readToken(tokenFile)) };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') throw notRunning(path);
    throw noPermission(path, error);
  }
}

/** The agent's own error, from its problem document (RFC 9457). */
async function problemOf(response: IncomingMessage): Promise<Error> {
  const text = await readAll(response);
  const problem = parse(text);
  if (response.statusCode === 401) {
    return agentErrors.error(
      'AGENT_NO_PERMISSION',
      'The agent does not take the token of its runtime directory: it may have been replaced, try again',
    );
  }
  if (!problem) return invalidAnswer(`it has the status ${response.statusCode}, and no problem document`);
  const { detail, title, code, details, exitCode } = problem;
  const message = typeof detail === 'string' ? detail : String(title);
  return new AppError(typeof code === 'string' ? code : 'AGENT_ANSWER_INVALID', message, {
    ...(isRecord(details) && { details }),
    ...(typeof exitCode === 'number' && { exitCode }),
  });
}

function parse(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isRecord(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function failureOf(error: Error, path: string, signal: AbortSignal | undefined): Error {
  if (isAppError(error)) return error;
  if (signal?.aborted) return error;
  switch ((error as NodeJS.ErrnoException).code) {
    // What is left of an agent that was killed refuses connections.
    case 'ENOENT':
    case 'ECONNREFUSED':
      return notRunning(path);
    case 'EACCES':
    case 'EPERM':
      return noPermission(path, error);
    default:
      return connectionLost(error);
  }
}

export function connectionLost(cause: unknown): Error {
  return agentErrors.error(
    'AGENT_SOCKET_FAILED',
    `The connection to the agent ended early: ${messageOf(cause)}`,
    { cause },
  );
}

export function invalidAnswer(why: string, cause?: unknown): Error {
  return agentErrors.error(
    'AGENT_ANSWER_INVALID',
    `The agent's answer cannot be used: ${why}; agent and command line may be of different versions`,
    { cause },
  );
}

function notResponding(path: string, timeoutMs: number): Error {
  return agentErrors.error(
    'AGENT_NOT_RESPONDING',
    `The agent on ${path} has not answered within ${timeoutMs} ms`,
    {
      details: { path, timeoutMs },
    },
  );
}
