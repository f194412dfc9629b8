import { chmodSync, rmSync } from 'node:fs';
import { createServer, request as httpRequest, type Server } from 'node:http';
import type { Socket } from 'node:net';

import { messageOf, type Logger } from '@mainstay/core';
import { loadPipeSecurity } from '@mainstay/platform';
import { sendProblem } from '@mainstay/service';

import { agentErrors } from '../errors.ts';
import type { Endpoint } from '../socket/endpoint.ts';
import { isToken, makeToken } from '../socket/token.ts';
import { sendFailure } from './failures.ts';
import { createRouter } from './routes.ts';
import type { AgentBackend } from './types.ts';

/** A connection that has not sent its head, or its request, by then is closed, in milliseconds. */
const headersTimeoutMs = 10_000;
const requestTimeoutMs = 60_000;
/** An idle connection, and one whose other side takes nothing of an answer, is closed after this, in milliseconds. */
const keepAliveTimeoutMs = 5_000;
const maxConnections = 1024;
/** How long one who may live already has for an answer, in milliseconds. */
const lookTimeoutMs = 2_000;

export interface ApiServerOptions {
  readonly endpoint: Endpoint;
  readonly backend: AgentBackend;
  readonly log: Logger;
  readonly now: () => number;
  /** Called with why it takes no connections, and with undefined when it takes them again. */
  readonly onFailing?: (reason: string | undefined) => void;
}

export interface ApiServer {
  readonly path: string;
  /** Cuts the connections off and removes the socket. */
  close(): Promise<void>;
}

/**
 * Listens on the endpoint. A socket that nobody answers on is an earlier agent's, and replaced.
 *
 * Throws AGENT_ALREADY_RUNNING with `details.pid`, AGENT_SOCKET_FAILED.
 */
export async function openApiServer(options: ApiServerOptions): Promise<ApiServer> {
  const { endpoint, backend, log, now, onFailing } = options;
  const { path, tokenFile } = endpoint;
  await refuseLiving(path, tokenFile);
  const token = tokenFile === undefined ? undefined : await makeToken(tokenFile);
  const route = createRouter(backend, now);
  const server = createServer({
    headersTimeout: headersTimeoutMs,
    requestTimeout: requestTimeoutMs,
    keepAliveTimeout: keepAliveTimeoutMs,
    connectionsCheckingInterval: 5_000,
  });
  server.maxConnections = maxConnections;
  const connections = new Set<Socket>();
  let isFailing = false;
  server.on('connection', (socket: Socket) => {
    if (isFailing) onFailing?.(undefined);
    isFailing = false;
    connections.add(socket);
    socket.once('close', () => connections.delete(socket));
  });
  server.on('request', (request, response) => {
    // A client that goes away while it is answered is nobody's failure.
    response.on('error', () => response.destroy());
    if (token !== undefined && !isToken(request.headers.authorization, token)) {
      return sendProblem(response, { status: 401, title: 'Unauthorized', headers: { connection: 'close' } });
    }
    route(request, response).catch((error: unknown) => sendFailure(response, error, log));
  });
  await listen(server, endpoint);
  server.on('error', (error) => {
    log.error({ error: messageOf(error), path }, 'The API failed');
    isFailing = true;
    onFailing?.(messageOf(error));
  });
  return {
    path,
    async close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      for (const socket of connections) socket.destroy();
      await closed;
      if (tokenFile !== undefined) rmSync(tokenFile, { force: true });
    },
  };
}

async function listen(server: Server, { path, tokenFile }: Endpoint): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once('error', reject);
  try {
    // The directory is closed to others, so nobody can connect before the mode is set.
    if (tokenFile === undefined) rmSync(path, { force: true });
    server.listen(path, resolve);
    await promise;
    if (tokenFile === undefined) chmodSync(path, 0o600);
    else (await loadPipeSecurity()).protectPipe(path);
  } catch (error) {
    server.close();
    if ((error as NodeJS.ErrnoException).code === 'EADDRINUSE') throw alreadyRunning(path, undefined);
    throw agentErrors.error('AGENT_SOCKET_FAILED', `Cannot listen on ${path}: ${messageOf(error)}`, {
      cause: error,
      details: { path, errno: (error as NodeJS.ErrnoException).code },
    });
  }
  server.off('error', reject);
}

/** Throws AGENT_ALREADY_RUNNING when somebody takes a connection. */
async function refuseLiving(path: string, tokenFile: string | undefined): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<{ readonly living: boolean; readonly pid?: number }>();
  const request = httpRequest({ socketPath: path, path: '/v1/agent', timeout: lookTimeoutMs, agent: false });
  request.on('error', () => resolve({ living: false }));
  // It took the connection and says nothing: it lives, and is busy.
  request.on('timeout', () => {
    resolve({ living: true });
    request.destroy();
  });
  request.on('response', (response) => {
    let text = '';
    response.setEncoding('utf8').on('data', (chunk: string) => (text = (text + chunk).slice(0, 65_536)));
    response.on('close', () => resolve({ living: true, ...pidIn(text) }));
  });
  request.end();
  const { living, pid } = await promise;
  if (living) throw alreadyRunning(path, tokenFile === undefined ? pid : undefined);
}

function pidIn(text: string): { pid?: number } {
  try {
    const { pid } = JSON.parse(text) as { pid?: unknown };
    return typeof pid === 'number' ? { pid } : {};
  } catch {
    return {};
  }
}

function alreadyRunning(path: string, pid: number | undefined): Error {
  return agentErrors.error(
    'AGENT_ALREADY_RUNNING',
    `An agent${pid === undefined ? '' : ` (process ${pid})`} listens on ${path} already: use that one, or stop it first`,
    { details: { path, ...(pid !== undefined && { pid }) } },
  );
}
