import { Agent, request } from 'node:http';
import { text } from 'node:stream/consumers';

/** Clients that ask without a break, and what became of their requests. */
export class Load {
  readonly failures: Error[] = [];
  readonly runs = new Set<string>();
  answered = 0;
  readonly #agents: Agent[] = [];
  readonly #clients: Array<Promise<void>> = [];
  #over = false;

  begin(port: number, path: string, keepAlive: boolean): void {
    const agent = new Agent({ keepAlive, maxSockets: 1 });
    this.#agents.push(agent);
    this.#clients.push(this.#client(port, path, agent));
  }

  async #client(port: number, path: string, agent: Agent): Promise<void> {
    while (!this.#over) {
      try {
        this.runs.add(await ask(port, path, agent));
        this.answered += 1;
      } catch (error) {
        this.failures.push(error as Error);
      }
    }
  }

  /** Resolves when so many more have been answered, or one was not. */
  async more(count: number): Promise<void> {
    const wanted = this.answered + count;
    while (this.answered < wanted && this.failures.length === 0)
      await new Promise((resolve) => setImmediate(resolve));
  }

  async end(): Promise<void> {
    this.#over = true;
    await Promise.all(this.#clients);
    for (const agent of this.#agents) agent.destroy();
  }
}

/** Never asked a second time: a client that repeats a request hides one that was dropped. */
function ask(port: number, path: string, agent: Agent): Promise<string> {
  return new Promise((resolve, reject) => {
    request({ port, host: '127.0.0.1', path, agent, method: 'POST' }, (response) => {
      text(response).then(resolve, reject);
    })
      .on('error', reject)
      .end('an order');
  });
}
