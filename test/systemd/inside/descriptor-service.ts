// A service that listens on the socket it is passed, and keeps its count in a descriptor that outlives the process.
import { openSync, readFileSync, writeSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { defineService } from '@mainstay/service';

export const descriptorService = defineService({
  name: 'descriptors',
  async start(ctx) {
    const kept = ctx.sockets.find(({ name }) => name === 'count');
    const count = kept ? Number(readFileSync(`/proc/self/fd/${kept.fd}`, 'utf8')) + 1 : 1;
    const fd = kept?.fd ?? openSync(join(process.env['STATE_DIRECTORY'] ?? '', 'count'), 'w+');
    writeSync(fd, String(count), 0);
    const isStored = kept !== undefined || ctx.storeDescriptor('count', fd);
    const passed = ctx.sockets.find(({ name }) => name === 'http');
    const inherited = Object.keys(process.env).filter((key) => /^(NOTIFY|LISTEN|WATCHDOG)_/.test(key));
    const server = createServer((socket) => {
      socket.end(JSON.stringify({ pid: process.pid, count, isStored, passed, inherited }));
    });
    await new Promise<void>((resolve) => {
      server.listen(passed ? { fd: passed.fd } : { port: 0, host: '127.0.0.1' }, resolve);
    });
    return {
      reload: () => {
        if (!ctx.forgetDescriptor('count')) throw new Error('count is kept');
      },
      stop: () => new Promise<void>((resolve) => server.close(() => resolve())),
    };
  },
});

export default descriptorService;
