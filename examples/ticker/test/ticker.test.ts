import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';

interface Status {
  readonly state: string;
  readonly checkpoint: number;
  readonly text: string;
}

type Message =
  | { readonly type: 'status'; readonly status: Status }
  | { readonly type: 'answer'; readonly answer: string };

const program = fileURLToPath(new URL('program.ts', import.meta.url));

describe('ticker', () => {
  let directory: string;
  let child: ChildProcess;
  let messages: Message[];
  let watchers: Set<() => void>;

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'ticker-'));
    configure('20ms');
  });
  afterEach(async () => {
    if (child.exitCode === null && child.signalCode === null) {
      child.kill('SIGKILL');
      await once(child, 'exit');
    }
    rmSync(directory, { recursive: true });
  });

  function configure(interval: string): void {
    writeFileSync(
      join(directory, 'ticker.yaml'),
      `interval: ${interval}\nwarmUp: { steps: 3, step: 10ms }\ndata: ./state\n`,
    );
  }

  /** As the child of a supervisor, which sees states and sends controls. */
  function start(): void {
    messages = [];
    watchers = new Set();
    child = spawn(process.execPath, [program, 'run'], {
      cwd: directory,
      env: { PATH: process.env['PATH'], MAINSTAY_HOST: 'supervisor' },
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
    child.on('message', (message) => {
      messages.push(message as Message);
      for (const look of watchers) look();
    });
  }

  /** Resolves with the first message, from now on or before, that fits. */
  async function message<Type extends Message['type']>(
    type: Type,
    fits: (message: Extract<Message, { type: Type }>) => boolean,
    from = 0,
  ): Promise<Extract<Message, { type: Type }>> {
    const { promise, resolve } = Promise.withResolvers<Extract<Message, { type: Type }>>();
    const look = (): void => {
      const found = messages
        .slice(from)
        .find((one): one is Extract<Message, { type: Type }> => one.type === type && fits(one as never));
      if (found) resolve(found);
    };
    watchers.add(look);
    look();
    const found = await promise;
    watchers.delete(look);
    return found;
  }

  const state = (wanted: string, from = 0): Promise<unknown> =>
    message('status', ({ status }) => status.state === wanted, from);

  const ticks = async (atLeast: number): Promise<number> => {
    const { status } = await message('status', (one) => ticksIn(one.status.text) >= atLeast);
    return ticksIn(status.text);
  };

  async function control(sent: object): Promise<void> {
    const from = messages.length;
    child.send({ type: 'control', control: sent, id: 1 });
    const { answer } = await message('answer', () => true, from);
    assert.equal(answer, 'accepted');
  }

  async function stop(): Promise<number> {
    const exited = once(child, 'exit');
    await control({ type: 'stop', reason: 'stop' });
    const [code] = await exited;
    assert.equal(code, 0);
    return (JSON.parse(readFileSync(join(directory, 'state', 'ticks.json'), 'utf8')) as { count: number })
      .count;
  }

  it('says at each step of its slow start that it is still at it', async () => {
    start();
    await state('running');
    const pending = messages.flatMap((one) =>
      one.type === 'status' && one.status.state === 'start-pending' ? [one.status] : [],
    );
    const texts = new Set(pending.map(({ text }) => text));
    for (const done of [0, 1, 2]) assert.ok(texts.has(`Warming up: ${done} of 3`));
    const checkpoints = pending.map(({ checkpoint }) => checkpoint);
    assert.ok(checkpoints.every((checkpoint, index) => checkpoint >= (checkpoints[index - 1] ?? 0)));
    assert.ok(new Set(checkpoints).size >= 4);
  });

  it('keeps its count over restarts', async () => {
    start();
    await ticks(3);
    const first = await stop();
    assert.ok(first >= 3);
    start();
    assert.ok((await ticks(first + 1)) > first);
    assert.ok((await stop()) > first);
  });

  it('does not tick while paused, but when it is told to', async () => {
    configure('10ms');
    start();
    await ticks(1);
    await control({ type: 'pause' });
    await state('paused');
    const paused = ticksIn(
      (messages.findLast((one) => one.type === 'status') as { status: Status }).status.text,
    );
    await new Promise((resolve) => setTimeout(resolve, 100));
    await control({ type: 'custom', code: 128 });
    await message('status', ({ status }) => ticksIn(status.text) === paused + 1 && status.state === 'paused');
    const from = messages.length;
    await control({ type: 'continue' });
    await state('running', from);
    await ticks(paused + 3);
  });

  it('takes a new interval with a reload', async () => {
    configure('1h');
    start();
    await state('running');
    configure('10ms');
    await control({ type: 'reload' });
    await ticks(2);
    await stop();
  });

  it('can be stopped during its slow start', async () => {
    writeFileSync(join(directory, 'ticker.yaml'), 'warmUp: { steps: 3, step: 1h }\ndata: ./state\n');
    start();
    await message('status', ({ status }) => status.text.startsWith('Warming up'));
    const exited = once(child, 'exit');
    await control({ type: 'stop', reason: 'stop' });
    assert.deepEqual(await exited, [0, null]);
  });
});

const ticksIn = (text: string): number => Number(/(\d+) ticks$/.exec(text)?.[1] ?? -1);
