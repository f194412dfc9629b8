import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, it } from 'node:test';
import type { SupervisedMessage } from '@mainstay/core';

interface Line {
  readonly msg: string;
  readonly pid: number;
  readonly instance: number;
  readonly [field: string]: unknown;
}

const program = fileURLToPath(new URL('fixtures/service.ts', import.meta.url));

/** The primary under a supervisor, which is this test: it sees the states, and sends controls. */
class Primary {
  readonly child: ChildProcess;
  readonly lines: Line[] = [];
  readonly messages: SupervisedMessage[] = [];
  readonly exited: Promise<unknown>;
  readonly #watchers = new Set<() => void>();
  #nextId = 1;

  /** @param socket a descriptor that it is passed, as 4 */
  constructor(env: NodeJS.ProcessEnv = {}, socket?: number) {
    this.child = spawn(process.execPath, [program, 'run'], {
      env: { PATH: process.env['PATH'], MAINSTAY_HOST: 'supervisor', ...env },
      stdio: ['ignore', 'pipe', 'ignore', 'ipc', ...(socket === undefined ? [] : [socket])],
    });
    let rest = '';
    this.child.stdout?.setEncoding('utf8').on('data', (chunk: string) => {
      const parts = (rest + chunk).split('\n');
      rest = parts.pop() ?? '';
      this.lines.push(...parts.map((part) => JSON.parse(part) as Line));
      this.#look();
    });
    this.child.on('message', (message) => {
      this.messages.push(message as SupervisedMessage);
      this.#look();
    });
    this.exited = once(this.child, 'exit');
  }

  async until<Found>(find: () => Found | undefined): Promise<Found> {
    const { promise, resolve } = Promise.withResolvers<Found>();
    const look = (): void => {
      const found = find();
      if (found !== undefined) resolve(found);
    };
    this.#watchers.add(look);
    look();
    const found = await promise;
    this.#watchers.delete(look);
    return found;
  }

  /** Pids of the instances that have said so, without those in `except`. */
  pidsOf(msg: string, except: readonly number[] = []): number[] {
    const pids = this.lines.filter((line) => line.msg === msg).map(({ pid }) => pid);
    return [...new Set(pids)].filter((pid) => pid !== this.child.pid && !except.includes(pid));
  }

  /** The pids, once the lines of both have come. */
  bothUp(): Promise<number[]> {
    return this.until(() => {
      const pids = this.pidsOf('Service is up');
      return pids.length === 2 ? pids : undefined;
    });
  }

  /** Waits until both instances have been told. */
  async told(what: string): Promise<void> {
    await this.until(() => {
      const pids = new Set(this.lines.filter((line) => line['what'] === what).map(({ pid }) => pid));
      return pids.size === 2 || undefined;
    });
  }

  async state(wanted: string): Promise<void> {
    await this.until(() => {
      const last = this.messages.findLast((message) => message.type === 'status');
      return last?.status.state === wanted || undefined;
    });
  }

  async control(control: object): Promise<string> {
    const id = this.#nextId++;
    this.child.send({ type: 'control', control, id });
    return this.until(
      () =>
        this.messages.find((message) => message.type === 'answer' && message.id === id) as
          | { answer: string }
          | undefined,
    ).then(({ answer }) => answer);
  }

  /** @returns whether it was done */
  async reclaim(): Promise<boolean> {
    const id = this.#nextId++;
    this.child.send({ type: 'reclaim', request: { reason: 'memory', used: 2, limit: 1 }, id });
    const { done } = await this.until(() =>
      this.messages.find(
        (message): message is Extract<SupervisedMessage, { type: 'reclaimed' }> =>
          message.type === 'reclaimed' && message.id === id,
      ),
    );
    return done;
  }

  async probe(): Promise<Extract<SupervisedMessage, { type: 'health' }>> {
    const id = this.#nextId++;
    this.child.send({ type: 'probe', id });
    return this.until(() =>
      this.messages.find(
        (message): message is Extract<SupervisedMessage, { type: 'health' }> =>
          message.type === 'health' && message.id === id,
      ),
    );
  }

  async get(path: string): Promise<string> {
    const port = await this.until(
      () => this.lines.find(({ msg }) => msg === 'Port')?.['port'] as number | undefined,
    );
    return (await fetch(`http://127.0.0.1:${port}${path}`)).text();
  }

  #look(): void {
    for (const look of this.#watchers) look();
  }
}

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};

describe('a service of several instances', () => {
  let primary: Primary;
  afterEach(async () => {
    const pids = primary.lines.map(({ pid }) => pid);
    primary.child.kill('SIGKILL');
    await primary.exited;
    for (const pid of new Set(pids)) if (isAlive(pid)) process.kill(pid, 'SIGKILL');
  });

  it('is up when all are, passes on what it is told, and stops when all have', async () => {
    primary = new Primary();
    await primary.state('running');
    await primary.bothUp();
    const answers = new Set<string>();
    for (let n = 0; n < 8; n += 1) answers.add(await primary.get('/'));
    assert.deepEqual([...answers].sort(), ['0', '1']);

    assert.equal(await primary.control({ type: 'pause' }), 'accepted');
    await primary.state('paused');
    await primary.told('pause');
    assert.equal(await primary.control({ type: 'continue' }), 'accepted');
    await primary.state('running');
    await primary.told('resume');
    assert.equal(await primary.control({ type: 'reload' }), 'accepted');
    await primary.told('reload');
    assert.equal(await primary.control({ type: 'custom', code: 200 }), 'accepted');
    await primary.told('200');
    assert.equal(await primary.control({ type: 'custom', code: 201 }), 'unsupported');

    await primary.control({ type: 'stop', reason: 'stop' });
    assert.deepEqual(await primary.exited, [0, null]);
    assert.equal(primary.pidsOf('Told').length, 2);
    assert.deepEqual(primary.pidsOf('Service is up').filter(isAlive), []);
  });

  it('has its instances listen on the socket that it was passed, also one that was started again', async () => {
    const passed = createServer();
    passed.listen(0, '127.0.0.1');
    await once(passed, 'listening');
    const { port } = passed.address() as { port: number };
    const { fd } = (passed as unknown as { _handle: { fd: number } })._handle;
    primary = new Primary({ MAINSTAY_SOCKETS: '[{"fd":4,"name":"http"},{"fd":0,"name":"a file"}]' }, fd);
    // The primary has its own descriptor of it.
    passed.close();
    const before = await primary.bothUp();
    const answers = async (): Promise<string[]> => {
      const found = new Set<string>();
      for (let n = 0; n < 8; n += 1) found.add(await primary.get('/'));
      return [...found].sort();
    };
    assert.deepEqual(await answers(), ['0', '1']);
    const ports = new Set(
      primary.lines.filter(({ msg }) => msg === 'Port').map((line) => line['port'] as number),
    );
    assert.deepEqual([...ports], [port]);

    process.kill(before[0] ?? assert.fail(), 'SIGKILL');
    await primary.until(() => primary.pidsOf('Service is up', before)[0]);
    assert.deepEqual(await answers(), ['0', '1']);
  });

  it('hands its start arguments on, and its instances keep what is theirs from what they start', async () => {
    primary = new Primary({ MAINSTAY_START_ARGUMENTS: '["-v","two words"]' });
    await primary.state('running');
    await primary.bothUp();
    const given = primary.lines.filter(({ msg }) => msg === 'Given');
    assert.deepEqual(
      given.map(({ instance, startArguments, own }) => ({ instance, startArguments, own })),
      given.map(({ instance }) => ({ instance, startArguments: ['-v', 'two words'], own: [] })),
    );
    assert.deepEqual(new Set(given.map(({ instance }) => instance)), new Set([0, 1]));
  });

  it('starts a killed instance again, paused when the service is', async () => {
    primary = new Primary();
    await primary.state('running');
    const before = await primary.bothUp();
    await primary.control({ type: 'pause' });
    await primary.state('paused');
    process.kill(before[0] ?? assert.fail(), 'SIGKILL');
    const [replacement] = await primary.until(() => {
      const pids = primary.pidsOf('Service is up', before);
      return pids.length > 0 ? pids : undefined;
    });
    await primary.until(() =>
      primary.lines.find(({ pid, ...line }) => pid === replacement && line['what'] === 'pause'),
    );
    await primary.control({ type: 'continue' });
    await primary.state('running');
    assert.match(await primary.get('/'), /^[01]$/);
  });

  it('reports the health and the metrics of all', async () => {
    primary = new Primary();
    await primary.state('running');
    assert.equal((await primary.probe()).report.state, 'ok');
    await primary.get('/sick');
    const { report, metrics } = await primary.probe();
    assert.deepEqual([report.state, report.ready], ['degraded', true]);
    assert.match(
      report.checks['instances']?.detail ?? '',
      /^instance [01] \(running\): database failed, gone$/,
    );
    const { instances } = metrics as { instances: Array<{ pid: number; metrics: { rssBytes: number } }> };
    assert.deepEqual(new Set(instances.map(({ pid }) => pid)), new Set(await primary.bothUp()));
    assert.ok(instances.every((one) => one.metrics.rssBytes > 0));
  });

  it('has each of them reclaim what it can', async () => {
    primary = new Primary();
    await primary.state('running');
    assert.equal(await primary.reclaim(), true);
    await primary.told('reclaim');
    assert.equal(await primary.control({ type: 'stop', reason: 'stop' }), 'accepted');
    await primary.exited;
  });

  it('is not there under an agent, which has the instances itself', async () => {
    primary = new Primary({ MAINSTAY_AGENT_ID: 'test', MAINSTAY_INSTANCE: '3' });
    await primary.state('running');
    const lines = await primary.until(() => (primary.lines.length > 0 ? primary.lines : undefined));
    assert.ok(lines.every((line) => line.pid === primary.child.pid && line.instance === 3));
    assert.ok(lines.some((line) => line.msg.startsWith('Instances are the agent')));
    assert.equal(await primary.reclaim(), true);
    assert.equal(await primary.control({ type: 'stop', reason: 'stop' }), 'accepted');
    assert.deepEqual(await primary.exited, [0, null]);
  });

  it('does not start when one does not, and leaves none behind', async () => {
    primary = new Primary({ FAIL_START: '1' });
    assert.deepEqual(await primary.exited, [1, null]);
    const failed = primary.lines.find(({ pid, msg }) => pid === primary.child.pid && msg === 'Start failed');
    assert.match(JSON.stringify(failed), /Instance 1 did not start.*no database/);
    assert.deepEqual(primary.lines.map(({ pid }) => pid).filter(isAlive), []);
  });

  it('fails when its instances crash too often', async (t) => {
    const directory = mkdtempSync(join(tmpdir(), 'instances-'));
    t.after(() => rmSync(directory, { recursive: true }));
    const file = join(directory, 'crash');
    primary = new Primary({ CRASH_FILE: file });
    await primary.state('running');
    writeFileSync(file, '');
    for (const pid of await primary.bothUp()) process.kill(pid, 'SIGKILL');
    assert.deepEqual(await primary.exited, [70, null]);
    assert.ok(primary.lines.some(({ msg }) => msg === 'Instances crash too often'));
    assert.deepEqual(primary.lines.map(({ pid }) => pid).filter(isAlive), []);
  });

  it('has its instances stop by themselves when the primary is killed', async () => {
    primary = new Primary();
    await primary.state('running');
    const pids = await primary.bothUp();
    primary.child.kill('SIGKILL');
    await primary.told('stop');
    while (pids.some(isAlive)) await new Promise((resolve) => setTimeout(resolve, 5));
  });
});
