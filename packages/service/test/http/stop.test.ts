import assert from 'node:assert/strict';
import { Agent, get } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, it } from 'node:test';
import { serveHttp } from '../../src/http/index.ts';
import { testContext } from './context.ts';

interface Answer {
  readonly status: number | undefined;
  readonly body: string;
  readonly connection: string | undefined;
}

function ask(url: string, agent: Agent): Promise<Answer> {
  const { promise, resolve, reject } = Promise.withResolvers<Answer>();
  get(url, { agent }, (response) => {
    let body = '';
    response.setEncoding('utf8').on('data', (chunk: string) => {
      body += chunk;
    });
    response.on('end', () =>
      resolve({ status: response.statusCode, body, connection: response.headers.connection }),
    );
    response.on('error', reject);
  }).on('error', reject);
  return promise;
}

describe('a stop of serveHttp', () => {
  it('loses no request of keep-alive clients, fast or slow', async (t) => {
    const test = testContext();
    t.after(() => test.dispose());
    const http = await serveHttp(
      test.ctx,
      async (message, response) => {
        if (message.url === '/slow') await sleep(300);
        // Begun before the stop, ended after it.
        if (message.url === '/stream') {
          response.write('part');
          await sleep(300);
        }
        response.end('done');
      },
      { port: 0, host: '127.0.0.1', drainMs: 20_000 },
    );
    const agents: Agent[] = [];
    let answered = 0;
    const enough = Promise.withResolvers<void>();
    let lastConnections = 0;
    let stopped = false;
    const client = async (path: string): Promise<void> => {
      // One connection each, as a load balancer has them.
      const agent = new Agent({ keepAlive: true, maxSockets: 1 });
      agents.push(agent);
      for (;;) {
        try {
          const answer = await ask(http.url + path, agent);
          assert.equal(answer.status, 200);
          assert.ok(answer.body.endsWith('done'));
          answered += 1;
          if (answered === 500) enough.resolve();
          if (answer.connection === 'close') lastConnections += 1;
        } catch (error) {
          // A connection that nobody accepted carried no request.
          if (stopped && (error as NodeJS.ErrnoException).code === 'ECONNREFUSED') return;
          throw error;
        }
      }
    };
    const clients = [
      ...Array.from({ length: 30 }, () => client('/fast')),
      ...Array.from({ length: 10 }, () => client('/slow')),
      ...Array.from({ length: 5 }, () => client('/stream')),
    ];
    const idle = new Agent({ keepAlive: true });
    agents.push(idle);
    await ask(http.url, idle);
    await enough.promise;
    stopped = true;
    const atStop = answered;
    const { cutOff } = await http.stop();
    // Every client ends by being refused, and none by a lost answer.
    await Promise.all(clients);
    for (const agent of agents) agent.destroy();
    assert.equal(cutOff, 0);
    assert.ok(answered - atStop >= 30, 'there were requests during the stop');
    assert.ok(lastConnections >= 30, 'their answers said Connection: close');
  });

  it('closes idle connections at once and ends with the last answer', async (t) => {
    const test = testContext();
    t.after(() => test.dispose());
    const release = Promise.withResolvers<void>();
    const begun = Promise.withResolvers<void>();
    const http = await serveHttp(
      test.ctx,
      async (message, response) => {
        if (message.url === '/held') {
          begun.resolve();
          await release.promise;
        }
        response.end('done');
      },
      { port: 0, host: '127.0.0.1', drainMs: 60_000 },
    );
    const idle = new Agent({ keepAlive: true });
    await ask(http.url, idle);
    await sleep(300);
    const held = ask(`${http.url}/held`, new Agent());
    await begun.promise;
    const first = http.stop();
    assert.equal(http.stop(), first, 'a second stop is the first');
    const connections = (): Promise<number> =>
      new Promise((resolve) => {
        http.server.getConnections((_, count) => resolve(count));
      });
    while ((await connections()) > 1) await sleep(1);
    release.resolve();
    assert.equal((await held).body, 'done');
    assert.deepEqual(await first, { cutOff: 0 });
    idle.destroy();
  });
});
