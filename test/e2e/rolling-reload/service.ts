import { defineService, serveHttp } from '@mainstay/service';
import { main } from '@mainstay/service/main';

/** Answers with its run, some requests after a moment, so that a stop finds requests at every stage. */
const definition = defineService({
  name: 'reloading',
  async start(ctx) {
    const http = await serveHttp(
      ctx,
      async (request, response) => {
        if (request.url === '/slow') await new Promise((resolve) => setTimeout(resolve, 30));
        response.end(process.env['MAINSTAY_RUN']);
      },
      { port: Number(process.env['PORT']), host: '127.0.0.1' },
    );
    return {
      async stop() {
        await http.stop();
      },
    };
  },
});

await main({ load: async () => ({ default: definition }), entry: import.meta.url });
