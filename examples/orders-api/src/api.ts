import type { IncomingMessage, ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { isAppError, readJson, sendJson, sendProblem, type HttpHandler } from '@mainstay/service';
import { newOrderSchema } from './order.ts';
import type { Orders } from './orders.ts';

/** What the API needs from around it. */
export interface ApiParts {
  readonly orders: Orders;
  readonly maxBodyBytes: number;
  /** Counts the primes below a number, away from this thread. */
  readonly countPrimes: (limit: number, signal: AbortSignal) => Promise<number>;
}

type Route = (call: Call, parts: ApiParts) => Promise<void> | void;

interface Call {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly url: URL;
}

/** Longest pause and largest sieve that a caller may ask for. */
const maxSlowMs = 60_000;
const maxPrimeLimit = 50_000_000;

const routes: ReadonlyArray<readonly [RegExp, Readonly<Record<string, Route>>]> = [
  [/^\/orders$/, { GET: listOrders, HEAD: listOrders, POST: postOrder }],
  [/^\/slow$/, { GET: slow }],
  [/^\/primes\/[^/]+$/, { GET: primes }],
];

export function createApi(parts: ApiParts): HttpHandler {
  return async (request, response) => {
    // Only the path matters; the host is whatever the client calls us.
    const url = URL.parse(request.url ?? '/', 'http://localhost');
    const methods = url && routes.find(([pattern]) => pattern.test(url.pathname))?.[1];
    if (!methods) return sendProblem(response, { status: 404, title: 'Not Found' });
    const route = methods[request.method ?? ''];
    if (route) return route({ request, response, url }, parts);
    const allow = Object.keys(methods).join(', ');
    sendProblem(response, { status: 405, title: 'Method Not Allowed', headers: { allow } });
  };
}

async function listOrders({ response, url }: Call, { orders }: ApiParts): Promise<void> {
  const limit = wholeNumber(url.searchParams.get('limit') ?? '50', 1, 1_000);
  if (limit === undefined) return badRequest(response, 'limit has to be a whole number from 1 to 1000');
  sendJson(response, 200, await orders.list(limit));
}

async function postOrder({ request, response }: Call, { orders, maxBodyBytes }: ApiParts): Promise<void> {
  if (!/^application\/json\s*(;|$)/i.test(request.headers['content-type'] ?? '')) {
    return sendProblem(response, {
      status: 415,
      title: 'Unsupported Media Type',
      detail: 'Send the order as application/json',
    });
  }
  try {
    const parsed = newOrderSchema.safeParse(await readJson(request, maxBodyBytes));
    if (!parsed.success) return invalidOrder(response, parsed.error.issues);
    const order = await orders.accept(parsed.data);
    response.setHeader('location', `/orders#${order.id}`);
    sendJson(response, 201, order);
  } catch (error) {
    if (!answerFailure(response, error)) throw error;
  }
}

/** @returns false for what is no known failure */
function answerFailure(response: ServerResponse, error: unknown): boolean {
  if (!isAppError(error)) return false;
  const detail = error.message;
  switch (error.code) {
    case 'HTTP_BODY_TOO_LARGE':
      sendProblem(response, {
        status: 413,
        title: 'Content Too Large',
        detail,
        // The rest of the body is not read.
        headers: { connection: 'close' },
      });
      return true;
    case 'HTTP_BODY_INVALID':
      badRequest(response, detail);
      return true;
    case 'JOURNAL_FULL':
      sendProblem(response, { status: 507, title: 'Insufficient Storage' });
      return true;
    case 'JOURNAL_BROKEN':
    case 'JOURNAL_FAILED':
      sendProblem(response, { status: 503, title: 'Service Unavailable' });
      return true;
    default:
      return false;
  }
}

async function slow({ request, response, url }: Call): Promise<void> {
  const ms = wholeNumber(url.searchParams.get('ms') ?? '1000', 0, maxSlowMs);
  if (ms === undefined) return badRequest(response, `ms has to be a whole number up to ${maxSlowMs}`);
  await whileConnected(request, (signal) => sleep(ms, undefined, { signal }));
  sendJson(response, 200, { sleptMs: ms });
}

async function primes({ request, response, url }: Call, { countPrimes }: ApiParts): Promise<void> {
  const limit = wholeNumber(url.pathname.slice('/primes/'.length), 0, maxPrimeLimit);
  if (limit === undefined) {
    return badRequest(response, `The limit has to be a whole number up to ${maxPrimeLimit}`);
  }
  const count = await whileConnected(request, (signal) => countPrimes(limit, signal));
  sendJson(response, 200, { limit, primes: count });
}

/** Nobody waits for the answer of a client that has gone: its work is aborted. */
async function whileConnected<Result>(
  request: IncomingMessage,
  work: (signal: AbortSignal) => Promise<Result>,
): Promise<Result> {
  const gone = new AbortController();
  const onClose = (): void => gone.abort();
  request.socket.once('close', onClose);
  try {
    return await work(gone.signal);
  } finally {
    request.socket.off('close', onClose);
  }
}

function invalidOrder(
  response: ServerResponse,
  issues: ReadonlyArray<{ readonly path: readonly PropertyKey[]; readonly message: string }>,
): void {
  sendProblem(response, {
    status: 422,
    title: 'Unprocessable Content',
    detail: 'The order is not valid',
    extensions: {
      errors: issues.map(({ path, message }) => ({
        pointer: `/${path.map(String).join('/')}`,
        detail: message,
      })),
    },
  });
}

const badRequest = (response: ServerResponse, detail: string): void =>
  sendProblem(response, { status: 400, title: 'Bad Request', detail });

function wholeNumber(text: string, min: number, max: number): number | undefined {
  const value = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
  return value >= min && value <= max ? value : undefined;
}
