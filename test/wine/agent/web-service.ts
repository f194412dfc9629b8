import { createServer } from 'node:http';
import { defineService } from '@mainstay/service';

/** Says which process it is, to whoever asks. */
export default defineService({
  name: 'web',
  async start(ctx) {
    const server = createServer((request, response) => {
      // The next request of a client may then be for another instance.
      response.setHeader('connection', 'close');
      response.end(String(process.pid));
    });
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(Number(process.env['PORT']), '127.0.0.1', resolve);
    });
    ctx.log.info('Listening');
    return {
      stop: () => new Promise<void>((resolve) => void server.close(() => resolve())),
    };
  },
});
