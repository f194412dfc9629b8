import { chmod, rm } from 'node:fs/promises';
import { createServer, type Server, type Socket } from 'node:net';
import { messageOf, type HostedService, type LifecycleStatus, type Logger } from '@mainstay/core';
import { LineSplitter } from './lines.ts';
import { maxRequestLength, parseRequest, type ControlRequest, type ControlResponse } from './protocol.ts';

const maxConnections = 16;
/** A connection that says nothing for this long is closed, in milliseconds. */
const idleTimeoutMs = 30_000;

export interface ControlServerOptions {
  /** Where the socket is made. Who may enter its directory may control the service. */
  readonly path: string;
  readonly service: HostedService;
  readonly status: () => LifecycleStatus;
  readonly log: Logger;
}

export interface ControlServer {
  /** Closes the connections and removes the socket. */
  close(): Promise<void>;
}

/**
 * Lets the service manager's side (`pause`, `resume`, custom controls) talk to a running service. Only the owner and
 * root can connect: the socket has mode 0600. Rejects when the socket cannot be made.
 */
export async function openControlServer(options: ControlServerOptions): Promise<ControlServer> {
  const { path, log } = options;
  const connections = new Set<Socket>();
  const server = createServer((socket) => {
    connections.add(socket);
    socket.once('close', () => connections.delete(socket));
    serve(socket, options);
  });
  server.maxConnections = maxConnections;
  // What a process that was killed left behind: the directory is this service's own.
  await rm(path, { force: true });
  await listen(server, path);
  server.on('error', (error) => log.warn({ error: messageOf(error) }, 'Control socket failed'));
  // It must not be what keeps a stopped service alive.
  server.unref();
  return {
    async close() {
      for (const socket of connections) socket.destroy();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

async function listen(server: Server, path: string): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(path, () => {
      server.off('error', reject);
      resolve();
    });
  });
  await chmod(path, 0o600);
}

function serve(socket: Socket, { service, status, log }: ControlServerOptions): void {
  const lines = new LineSplitter(maxRequestLength);
  const respond = (response: ControlResponse): void => {
    // It may have gone while the service was at it.
    if (socket.writable) socket.write(`${JSON.stringify(response)}\n`);
  };
  const refuse = (error: string): void => {
    socket.end(`${JSON.stringify({ id: 0, error } satisfies ControlResponse)}\n`);
    socket.removeAllListeners('data').resume();
  };
  socket.unref();
  socket.setEncoding('utf8').setTimeout(idleTimeoutMs, () => socket.destroy());
  socket.on('error', (error) => log.debug({ error: messageOf(error) }, 'Control connection failed'));
  socket.on('data', (chunk: string) => {
    const complete = lines.push(chunk);
    if (!complete) return refuse(`Request is longer than ${maxRequestLength} characters`);
    for (const line of complete) {
      const request = parseRequest(line);
      if (typeof request === 'string') return refuse(request);
      if (request.type === 'status') {
        respond({ id: request.id, status: status() });
        continue;
      }
      if (request.type !== 'control') {
        void answerLater(request, service, respond);
        continue;
      }
      const answer = service.control(request.control);
      log.info({ control: request.control.type, answer }, 'Control received');
      respond({ id: request.id, answer, status: status() });
    }
  });
}

/** What the service needs time for. It never fails the connection: the client hears why. */
async function answerLater(
  request: Extract<ControlRequest, { readonly type: 'probe' | 'reclaim' }>,
  service: HostedService,
  respond: (response: ControlResponse) => void,
): Promise<void> {
  const { id } = request;
  try {
    if (request.type === 'reclaim')
      return respond({ id, reclaimed: (await service.reclaim?.(request.request)) ?? false });
    const health = await service.probe?.();
    respond(health ? { id, health } : { id, error: 'The service has no health' });
  } catch (error) {
    respond({ id, error: messageOf(error) });
  }
}
