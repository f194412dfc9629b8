import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { Server as NetServer, type AddressInfo } from 'node:net';
import { Connections } from './connections.ts';
import { listen } from './listen.ts';
import { sendJson, sendProblem } from './problem.ts';
import type { HttpContext, HttpHandler, HttpOptions, HttpService, RoutingApplication } from './types.ts';

/** The helper itself, loaded by `serveHttp`. */
export async function startHttp(
  ctx: HttpContext,
  application: HttpHandler | RoutingApplication,
  options: HttpOptions,
): Promise<HttpService> {
  const handle = await handlerOf(application);
  const server = createServer({
    headersTimeout: options.headersTimeoutMs ?? 15_000,
    requestTimeout: options.requestTimeoutMs ?? 60_000,
    keepAliveTimeout: options.keepAliveMs ?? 65_000,
    connectionsCheckingInterval: 5_000,
  });
  const connections = new Connections(server);
  let retryAfterSeconds: number | undefined;
  server.on('request', (request, response) => {
    connections.began(request, response);
    if (answersHealth(ctx, options, request, response)) return;
    if (retryAfterSeconds !== undefined) unavailable(response, retryAfterSeconds);
    else guard(ctx, handle, request, response);
  });
  const { upgrade } = options;
  if (upgrade) {
    server.on('upgrade', (request, socket, head) => {
      connections.upgraded(request);
      upgrade(request, socket, head);
    });
  }
  const url = await listen(server, ctx, options);
  server.on('error', (error) => ctx.log.error({ error, url }, 'HTTP server failed'));
  ctx.disposer.defer('http', () => {
    NetServer.prototype.close.call(server);
    connections.destroy();
  });
  ctx.log.info({ url }, 'Listening');
  ctx.status(`Listening on ${url}`);
  let stopping: Promise<{ cutOff: number }> | undefined;
  return {
    url,
    port: (server.address() as AddressInfo | null)?.port ?? 0,
    server,
    stop: () => (stopping ??= stop(ctx, server, connections, options)),
    pause(seconds = 10) {
      retryAfterSeconds = seconds;
    },
    resume() {
      retryAfterSeconds = undefined;
    },
  };
}

async function stop(
  ctx: HttpContext,
  server: Server,
  connections: Connections,
  { drainMs = 10_000, lameDuckMs = 0 }: HttpOptions,
): Promise<{ cutOff: number }> {
  if (lameDuckMs > 0) await new Promise((resolve) => setTimeout(resolve, lameDuckMs));
  const closed = new Promise<void>((resolve) => {
    // Not http.Server's own close: it destroys every connection that is idle right now, also one whose next request is
    // on its way. Connections know better.
    NetServer.prototype.close.call(server, () => resolve());
  });
  const cutOff = await connections.drain(drainMs);
  await closed;
  if (cutOff > 0) ctx.log.warn({ cutOff, drainMs }, 'Connections were cut off while they were answered');
  return { cutOff };
}

async function handlerOf(application: HttpHandler | RoutingApplication): Promise<HttpHandler> {
  if (typeof application === 'function') return application;
  await application.ready();
  return (request, response) => application.routing(request, response);
}

/** A handler that fails has answered nothing: the client gets a 500, the log the error, the service lives on. */
function guard(
  ctx: HttpContext,
  handle: HttpHandler,
  request: IncomingMessage,
  response: ServerResponse,
): void {
  const failed = (error: unknown): void => {
    // A client that has gone is no failure of the service, nor is the work that was aborted for it.
    if (request.socket.destroyed) return;
    ctx.log.error({ error, method: request.method, path: pathOf(request) }, 'Request failed');
    if (response.headersSent) response.destroy();
    else sendProblem(response, { status: 500, title: 'Internal Server Error' });
  };
  try {
    const handled: unknown = handle(request, response);
    // `(request, response) => response.end()` is a handler as well, and returns no promise.
    if (handled instanceof Promise) handled.catch(failed);
  } catch (error) {
    failed(error);
  }
}

function answersHealth(
  ctx: HttpContext,
  { healthPath, readyPath }: HttpOptions,
  request: IncomingMessage,
  response: ServerResponse,
): boolean {
  if (healthPath === undefined && readyPath === undefined) return false;
  const path = pathOf(request);
  if (path !== healthPath && path !== readyPath) return false;
  guard(
    ctx,
    async () => {
      const report = await ctx.health.report();
      const good = path === readyPath ? report.ready : report.state !== 'failed';
      sendJson(response, good ? 200 : 503, report, { 'cache-control': 'no-store' });
    },
    request,
    response,
  );
  return true;
}

function unavailable(response: ServerResponse, retryAfterSeconds: number): void {
  sendProblem(response, {
    status: 503,
    title: 'Service Unavailable',
    detail: 'The service is paused',
    headers: { 'retry-after': String(retryAfterSeconds) },
  });
}

function pathOf(request: IncomingMessage): string {
  const url = request.url ?? '/';
  const query = url.indexOf('?');
  return query === -1 ? url : url.slice(0, query);
}
