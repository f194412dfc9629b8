import { defineService, serveHttp } from '@mainstay/service';
import { configSchema } from './config.ts';
import { countPrimes } from './count-primes.ts';

export default defineService({
  name: 'orders-api',
  displayName: 'Orders API',
  description: 'Accepts orders over HTTP and keeps them in an append-only journal',
  config: configSchema,
  // An installed executable has no orders-api.yaml beside it.
  defaults: { http: { port: '${PORT:8080}' } },
  instances: (config) => config.instances,
  tasks: { countPrimes },

  async start(ctx) {
    const { http, data, maxBodyBytes } = ctx.config;
    // What the first request needs is loaded here, not before a command such as `version` can answer.
    const [{ Orders }, { createApi }] = await Promise.all([import('./orders.ts'), import('./api.ts')]);

    const { orders, repairedBytes } = await Orders.open(data, ctx.instance);
    ctx.disposer.defer('journal', () => orders.close());
    if (repairedBytes > 0) {
      ctx.log.warn({ repairedBytes, path: orders.journal.path }, 'Cut off a line that was torn by a crash');
    }
    ctx.health.check('journal', () => {
      const { broken } = orders.journal;
      return broken ? { state: 'failed', detail: broken.message } : 'ok';
    });

    const api = createApi({
      orders,
      maxBodyBytes,
      countPrimes: (limit, signal) => ctx.workers.run('countPrimes', limit, { signal, timeoutMs: 30_000 }),
    });
    const server = await serveHttp(ctx, api, {
      port: http.port,
      ...(http.host !== undefined && { host: http.host }),
      healthPath: '/healthz',
      readyPath: '/readyz',
    });

    return {
      stop: async () => void (await server.stop()),
      pause: () => server.pause(),
      resume: () => server.resume(),
    };
  },
});
