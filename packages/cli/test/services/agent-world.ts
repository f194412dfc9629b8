import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { directoriesBeside, directoryFacts, openAgent, type Agent } from '@mainstay/agent';
import type { Logger } from '@mainstay/core';
import { createStyle, type TextStream } from '@mainstay/service/terminal';

import { runMainstay } from '../../src/command-line.ts';

const quiet = (): void => {};
export const silent: Logger = {
  trace: quiet,
  debug: quiet,
  info: quiet,
  warn: quiet,
  error: quiet,
  fatal: quiet,
  child: () => silent,
};

export interface Told {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** Says its service and stays; ends at once on SIGTERM, as sh does. */
export const stays = ['sh', '-c', 'echo "hello from $MAINSTAY_SERVICE/$MAINSTAY_INSTANCE"; exec sleep 1000'];

/** A real agent in this process, in a folder of its own, and the commands that somebody types there. */
export class AgentWorld implements AsyncDisposable {
  readonly folder = mkdtempSync(join(tmpdir(), 'mainstay-cli-'));
  #agent: Agent | undefined;

  static async open(): Promise<AgentWorld> {
    const world = new AgentWorld();
    try {
      world.#agent = await openAgent({
        directories: directoriesBeside(world.folder, directoryFacts()),
        environment: { PATH: process.env['PATH'] ?? '' },
        log: silent,
        version: '1.2.3',
      });
    } catch (error) {
      rmSync(world.folder, { recursive: true, force: true });
      throw error;
    }
    return world;
  }

  get agent(): Agent {
    if (!this.#agent) throw new Error('The agent is not open');
    return this.#agent;
  }

  write(services: Readonly<Record<string, unknown>>, more: Readonly<Record<string, unknown>> = {}): void {
    // JSON is YAML.
    writeFileSync(join(this.folder, 'mainstay.yaml'), JSON.stringify({ services, ...more }));
  }

  /** `mainstay …` in the folder, without a terminal. */
  async run(...argv: readonly string[]): Promise<Told> {
    return this.begin(...argv).ended;
  }

  /** The same, to be interrupted. */
  begin(...argv: readonly string[]): {
    readonly ended: Promise<Told>;
    readonly interrupt: () => void;
    readonly said: () => string;
  } {
    const texts = { out: '', err: '' };
    const stream = (name: 'out' | 'err'): TextStream => ({
      write: (text) => void (texts[name] += text),
      isTTY: false,
      columns: 100,
      style: createStyle(false),
    });
    const interrupted = new AbortController();
    const context = {
      env: { PATH: process.env['PATH'] },
      cwd: this.folder,
      output: { out: stream('out'), err: stream('err') },
      interrupted,
    };
    return {
      ended: runMainstay(argv, context).then((code) => ({ code, ...texts })),
      interrupt: () => interrupted.abort(),
      said: () => texts.out,
    };
  }

  /** One JSON document of a command. */
  async json<Value>(...argv: readonly string[]): Promise<Value> {
    const { out } = await this.run(...argv, '--json');
    return JSON.parse(out) as Value;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#agent?.close({ force: true });
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** Polls until it is so; says after a minute what there was in place of it. */
export async function until<Value>(
  read: () => Value | Promise<Value>,
  isSo: (value: Value) => boolean,
): Promise<Value> {
  for (const end = Date.now() + 60_000; ;) {
    const value = await read();
    if (isSo(value)) return value;
    if (Date.now() > end) throw new Error(`It did not come true: ${JSON.stringify(value)}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
