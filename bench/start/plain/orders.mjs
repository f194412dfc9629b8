// The same service as examples/orders-api, by hand on node:http: what plain Node and Bun run.
import fs from 'node:fs';
import http from 'node:http';
import path from 'node:path';

const file = fs.openSync(path.join(process.env.STATE_DIRECTORY, 'orders.jsonl'), 'a', 0o600);
const orders = [];
let queue = [];
let writing = false;

/** One write and one fsync for all that wait. */
function append(line) {
  return new Promise((resolve, reject) => {
    queue.push({ line, resolve, reject });
    if (!writing) flush();
  });
}

function flush() {
  const batch = queue;
  queue = [];
  writing = true;
  const settle = (error) => {
    for (const { resolve, reject } of batch) {
      if (error) reject(error);
      else resolve();
    }
    writing = false;
    if (queue.length > 0) flush();
  };
  fs.write(file, batch.map(({ line }) => line).join(''), (error) =>
    error ? settle(error) : fs.fdatasync(file, settle),
  );
}

function answer(res, status, body) {
  const text = JSON.stringify(body);
  res
    .writeHead(status, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) })
    .end(text);
}

function isOrder(body) {
  const isLine = ({ sku, quantity }) => typeof sku === 'string' && Number.isInteger(quantity) && quantity > 0;
  return (
    typeof body?.customer === 'string' &&
    Array.isArray(body.lines) &&
    body.lines.length > 0 &&
    body.lines.every(isLine)
  );
}

async function accept(req, res) {
  let text = '';
  for await (const chunk of req) {
    text += chunk;
    if (text.length > 64 << 10) return answer(res, 413, { title: 'Too large', status: 413 });
  }
  let body;
  try {
    body = JSON.parse(text);
  } catch {
    return answer(res, 400, { title: 'Not JSON', status: 400 });
  }
  if (!isOrder(body)) return answer(res, 422, { title: 'Not an order', status: 422 });
  const { customer, lines } = body;
  const order = { id: crypto.randomUUID(), acceptedAt: new Date().toISOString(), customer, lines };
  orders.push(order);
  await append(`${JSON.stringify(order)}\n`);
  answer(res, 201, order);
}

const server = http.createServer((req, res) => {
  const url = new URL(req.url, 'http://localhost');
  if (url.pathname === '/healthz') return answer(res, 200, { state: 'ok', ready: true, checks: {} });
  if (url.pathname === '/slow')
    return setTimeout(() => answer(res, 200, {}), Number(url.searchParams.get('ms')));
  if (url.pathname === '/orders' && req.method === 'GET')
    return answer(res, 200, { orders: orders.slice(-100) });
  if (url.pathname === '/orders' && req.method === 'POST') return void accept(req, res);
  answer(res, 404, { title: 'Not found', status: 404 });
});
server.listen(Number(process.env.PORT), '127.0.0.1', () => process.stdout.write('{"msg":"Service is up"}\n'));
process.on('SIGTERM', () => {
  server.close(() => process.exit(0));
  server.closeIdleConnections();
});
