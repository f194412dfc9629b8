import { readJson, sendJson } from '@mainstay/service';
import type { IncomingMessage, ServerResponse } from 'node:http';

import { agentErrors } from '../errors.ts';
import { readEvents } from './event-queue.ts';
import { sendJsonLines } from './json-lines.ts';
import { readAction, readLogQuery, readManifestBody, readScale, readShutdown } from './requests.ts';
import { Slots } from './slots.ts';
import type { AgentBackend } from './types.ts';

/** A manifest of 2000 services is below that, in bytes. */
const maxManifestBytes = 8 * 1024 * 1024;
const maxBodyBytes = 256 * 1024;
/** Bodies of manifests that are in memory at the same time. */
const maxManifests = 4;
/** Streams hold a connection, and a place in the log, for as long as they like. */
const maxStreams = 64;

interface Call {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly url: URL;
  /** What the pattern's groups matched, decoded. */
  readonly names: readonly string[];
  /** Aborted when the other side has gone. */
  readonly signal: AbortSignal;
}

type Handler = (call: Call) => Promise<void> | void;

/** Answers one request; rejects with what `sendFailure` tells. */
export type Router = (request: IncomingMessage, response: ServerResponse) => Promise<void>;

/** The endpoints of docs/adr/0008-agent-api.md. */
export function createRouter(backend: AgentBackend, now: () => number): Router {
  const streams = new Slots(maxStreams, 'streams');
  const manifests = new Slots(maxManifests, 'manifests');
  const withManifest =
    (use: (manifest: unknown) => Promise<unknown>): Handler =>
    ({ request, response }) =>
      manifests.use(async () => {
        const manifest = readManifestBody(await readJson(request, maxManifestBytes));
        sendJson(response, 200, await use(manifest));
      });
  const table: readonly (readonly [method: 'GET' | 'POST', path: RegExp, handler: Handler])[] = [
    ['GET', /^\/v1\/agent$/, ({ response }) => sendJson(response, 200, backend.info())],
    ['GET', /^\/v1\/services$/, ({ response }) => sendJson(response, 200, { services: backend.views() })],
    [
      'GET',
      /^\/v1\/services\/([^/]+)$/,
      ({ response, names: [name = ''] }) => sendJson(response, 200, backend.detail(name)),
    ],
    [
      'GET',
      /^\/v1\/services\/([^/]+)\/why$/,
      async ({ response, names: [name = ''] }) =>
        sendJson(response, 200, { explanations: await backend.why(name) }),
    ],
    ['POST', /^\/v1\/plan$/, withManifest((manifest) => backend.plan(manifest))],
    ['POST', /^\/v1\/apply$/, withManifest((manifest) => backend.apply(manifest))],
    [
      'POST',
      /^\/v1\/actions$/,
      async ({ request, response }) => {
        const { action, services } = readAction(await readJson(request, maxBodyBytes));
        await backend.act(action, services);
        sendJson(response, 200, { services: backend.views() });
      },
    ],
    [
      'POST',
      /^\/v1\/scale$/,
      async ({ request, response }) => {
        const { service, instances } = readScale(await readJson(request, maxBodyBytes));
        await backend.scale(service, instances);
        sendJson(response, 200, backend.detail(service));
      },
    ],
    [
      'POST',
      /^\/v1\/shutdown$/,
      async ({ request, response }) => {
        const hasBody =
          request.headers['content-length'] !== '0' && request.headers['content-type'] !== undefined;
        const options = readShutdown(hasBody ? await readJson(request, maxBodyBytes) : undefined);
        sendJson(response, 202, {}, { connection: 'close' });
        backend.shutdown(options);
      },
    ],
    [
      'GET',
      /^\/v1\/logs$/,
      ({ response, url, signal }) =>
        streams.use(() => {
          const options = readLogQuery(url.searchParams);
          return sendJsonLines(response, backend.logs({ ...options, signal }));
        }),
    ],
    [
      'GET',
      /^\/v1\/events$/,
      ({ response, signal }) =>
        streams.use(() =>
          sendJsonLines(
            response,
            readEvents((onEvent) => backend.watch(onEvent), { signal, now }),
          ),
        ),
    ],
    [
      'POST',
      /^\/v1\/alerts\/test$/,
      async ({ response }) => sendJson(response, 200, { targets: await backend.testAlerts() }),
    ],
    ['GET', /^\/metrics$/, ({ response }) => sendMetrics(backend, response)],
  ];

  return async (request, response) => {
    const url = URL.parse(request.url ?? '/', 'http://agent');
    const paths = url ? table.filter(([, path]) => path.test(url.pathname)) : [];
    const found = paths.find(([method]) => method === request.method);
    if (!url || !found) throw unknownEndpoint(request, paths);
    const names = (found[1].exec(url.pathname) ?? []).slice(1).map(decode);
    const gone = new AbortController();
    response.once('close', () => gone.abort());
    await found[2]({ request, response, url, names, signal: gone.signal });
  };
}

/** The text format of Prometheus (exposition formats, version 0.0.4). */
export async function sendMetrics(
  backend: Pick<AgentBackend, 'metrics'>,
  response: ServerResponse,
): Promise<void> {
  const page = await backend.metrics();
  response.writeHead(200, {
    'content-type': 'text/plain; version=0.0.4; charset=utf-8',
    'content-length': Buffer.byteLength(page),
    'cache-control': 'no-store',
  });
  response.end(page);
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw agentErrors.error(
      'AGENT_REQUEST_INVALID',
      `The path holds ${JSON.stringify(text)}, which is not percent-encoded text`,
    );
  }
}

function unknownEndpoint(
  { method, url }: IncomingMessage,
  paths: readonly (readonly [string, RegExp, Handler])[],
): Error {
  const path = url?.slice(0, 200);
  if (paths.length === 0)
    return agentErrors.error('AGENT_ENDPOINT_UNKNOWN', `An agent of this version has no endpoint ${path}`);
  const allowed = paths.map(([allowedMethod]) => allowedMethod).join(', ');
  return agentErrors.error(
    'AGENT_METHOD_NOT_ALLOWED',
    `${path} is not to be had by ${method}; use ${allowed}`,
  );
}
