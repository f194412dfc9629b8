import { defineService, serveHttp } from '@mainstay/service';

/** Says who answers; `/sick` makes its health checks fail from then on, `/exit` ends it at once. */
export default defineService({
  name: 'shop',
  async start(ctx) {
    let isSick = false;
    ctx.health.check('mood', () => (isSick ? { state: 'failed', detail: 'it was told to be sick' } : 'ok'));
    const http = await serveHttp(
      ctx,
      (request, response) => {
        if (request.url === '/sick') isSick = true;
        if (request.url === '/exit') process.exit(70);
        response.end(JSON.stringify({ pid: process.pid, args: process.argv.slice(2) }));
      },
      { port: Number(process.env['PORT']), host: '127.0.0.1' },
    );
    ctx.log.info('The shop is open');
    return { stop: async () => void (await http.stop()) };
  },
});
