import { Agent, request } from 'node:http';

/** Connections that ask one after the other, each a request at a time. */
const clients = 16;

export interface Load {
  readonly requests: number;
  readonly failed: number;
  /** The first few reasons. */
  readonly reasons: readonly string[];
}

/** Keeps asking, over connections that are kept alive, while `work` goes on. A request fails when it gets no 200. */
export async function loadWhile(port: number, work: () => Promise<void>): Promise<Load> {
  await ready(port);
  const agent = new Agent({ keepAlive: true, maxSockets: clients });
  let requests = 0;
  let failed = 0;
  const over = new AbortController();
  const reasons: string[] = [];
  const one = async (): Promise<void> => {
    while (!over.signal.aborted) {
      const reason = await get(port, agent);
      requests += 1;
      if (reason === undefined) continue;
      failed += 1;
      if (reasons.length < 5) reasons.push(reason);
    }
  };
  const all = Array.from({ length: clients }, one);
  try {
    await work();
  } finally {
    over.abort();
    await Promise.all(all);
    agent.destroy();
  }
  return { requests, failed, reasons };
}

async function ready(port: number): Promise<void> {
  const end = performance.now() + 60_000;
  while ((await get(port, new Agent())) !== undefined) {
    if (performance.now() > end) throw new Error(`Nobody answers HTTP on port ${port}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** @returns why there was no good answer */
async function get(port: number, agent: Agent): Promise<string | undefined> {
  return new Promise((resolve) => {
    const asked = request({ port, host: '127.0.0.1', agent, timeout: 10_000 }, (response) => {
      response.resume();
      response.once('error', (error) => resolve(error.message));
      response.once('end', () =>
        resolve(response.statusCode === 200 ? undefined : `status ${response.statusCode}`),
      );
    });
    asked.once('timeout', () => asked.destroy(new Error('no answer within 10 s')));
    asked.once('error', (error) => resolve(error.message));
    asked.end();
  });
}
