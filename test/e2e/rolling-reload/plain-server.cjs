// A program that knows nothing of Mainstay, and ends in an orderly way when it is told to.
const { createServer } = require('node:http');
const { Server } = require('node:net');

const server = createServer(async (request, response) => {
  if (request.url === '/slow') await new Promise((resolve) => setTimeout(resolve, 30));
  response.end(process.env.MAINSTAY_RUN);
});
server.listen(Number(process.env.PORT), '127.0.0.1', () => process.send?.('ready'));
// http.Server's own close destroys each connection whose first request has not come yet (Node 19 and later).
process.on('SIGTERM', () => Server.prototype.close.call(server, () => process.exit(0)));
