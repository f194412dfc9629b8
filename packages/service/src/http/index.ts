import type { HttpContext, HttpHandler, HttpOptions, HttpService, RoutingApplication } from './types.ts';

export { readBody, readJson } from './body.ts';
export { httpErrors } from './errors.ts';
export { sendJson, sendProblem, type Problem } from './problem.ts';
export type { HttpContext, HttpHandler, HttpOptions, HttpService, RoutingApplication } from './types.ts';

/**
 * Serves HTTP/1.1 and ends it gracefully. `node:http` is loaded when this is called, not before.
 *
 * Throws HTTP_PORT_IN_USE, HTTP_NO_PERMISSION, HTTP_ADDRESS_UNAVAILABLE, HTTP_LISTEN_FAILED.
 *
 * @example
 * async start(ctx) {
 *   const http = await serveHttp(ctx, (request, response) => response.end('hello'), { port: ctx.config.port });
 *   return { stop: async () => void (await http.stop()) };
 * }
 */
export async function serveHttp(
  ctx: HttpContext,
  application: HttpHandler | RoutingApplication,
  options: HttpOptions,
): Promise<HttpService> {
  const { startHttp } = await import('./serve.ts');
  return startHttp(ctx, application, options);
}
