import { createServer, type Server } from 'node:http';

import { messageOf, type Logger } from '@mainstay/core';
import { sendProblem } from '@mainstay/service';
import type { MetricsRules } from '@mainstay/supervisor';

import { agentErrors } from '../errors.ts';
import { sendFailure } from './failures.ts';
import { sendMetrics } from './routes.ts';
import type { AgentBackend } from './types.ts';

type Address = NonNullable<MetricsRules['listen']>;

/** Scrapers are few. */
const maxConnections = 64;

/** Serves `/metrics`, and nothing else, over TCP: everybody who can connect may read it. */
export class MetricsListener {
  readonly #log: Logger;
  readonly #backend: Pick<AgentBackend, 'metrics'>;
  #server: Server | undefined;
  #address: Address | undefined;

  constructor(backend: Pick<AgentBackend, 'metrics'>, log: Logger) {
    this.#backend = backend;
    this.#log = log;
  }

  /** Where it listens; undefined for nowhere. */
  get port(): number | undefined {
    const address = this.#server?.address();
    return typeof address === 'object' && address !== null ? address.port : undefined;
  }

  /** Listens there, and no longer where it did. Throws AGENT_METRICS_FAILED, and goes on as before then. */
  async move(to: Address | undefined): Promise<void> {
    if (to?.host === this.#address?.host && to?.port === this.#address?.port) return;
    const next = to && (await this.#listen(to));
    const before = this.#server;
    this.#server = next;
    this.#address = to;
    await closed(before);
  }

  async close(): Promise<void> {
    await this.move(undefined);
  }

  async #listen({ host, port }: Address): Promise<Server> {
    const server = createServer({ headersTimeout: 10_000, requestTimeout: 10_000, keepAliveTimeout: 5_000 });
    server.maxConnections = maxConnections;
    server.on('request', (request, response) => {
      response.on('error', () => response.destroy());
      if (request.method !== 'GET' || request.url?.split('?')[0] !== '/metrics') {
        return sendProblem(response, { status: 404, title: 'Not Found', headers: { connection: 'close' } });
      }
      sendMetrics(this.#backend, response).catch((error: unknown) => sendFailure(response, error, this.#log));
    });
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    server.once('error', reject);
    server.listen({ host, port }, resolve);
    try {
      await promise;
    } catch (error) {
      throw agentErrors.error(
        'AGENT_METRICS_FAILED',
        `Metrics cannot be served on ${host}:${port}: ${messageOf(error)}`,
        { cause: error, details: { host, port, errno: (error as NodeJS.ErrnoException).code } },
      );
    }
    server.off('error', reject);
    server.on('error', (error) =>
      this.#log.error({ error: messageOf(error) }, 'The metrics listener failed'),
    );
    return server;
  }
}

async function closed(server: Server | undefined): Promise<void> {
  if (!server) return;
  await new Promise<void>((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
