import type { ServiceManager } from '@mainstay/core';

import { MemoryManager, type MemoryManagerOptions } from '../../../platform/test/memory-manager.ts';
import type { CommandContext } from '../../src/commands/context.ts';
import { runCommandLine } from '../../src/commands/command-line.ts';
import { createStyle, type TextStream } from '../../src/commands/terminal/index.ts';
import type { ServiceDefinition } from '../../src/types.ts';

export interface CapturedStream extends TextStream {
  text: string;
}

export function capture(
  options: { readonly isTTY?: boolean; readonly columns?: number } = {},
): CapturedStream {
  return {
    text: '',
    write(text) {
      this.text += text;
    },
    isTTY: options.isTTY ?? false,
    columns: options.columns ?? 80,
    style: createStyle(false),
  };
}

export const definition: ServiceDefinition = {
  name: 'orders',
  displayName: 'Orders',
  description: 'Takes orders',
  version: '1.2.3',
  install: { dependsOn: { systemd: ['network-online.target'] } },
  start: () => ({ stop() {} }),
};

export interface CommandRun {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

export interface Bench {
  readonly manager: MemoryManager;
  readonly run: (...argv: string[]) => Promise<CommandRun>;
  readonly json: (...argv: string[]) => Promise<{ code: number; value: Record<string, unknown> }>;
}

/** A definition's commands over a service manager in memory. */
export function bench(
  options: MemoryManagerOptions & {
    readonly context?: Partial<CommandContext>;
    readonly isTTY?: boolean;
  } = {},
): Bench {
  const manager = new MemoryManager(options);
  const run = async (...argv: string[]): Promise<CommandRun> => {
    const out = capture();
    const err = capture({ isTTY: options.isTTY ?? false });
    const code = await runCommandLine(argv, {
      definition,
      build: undefined,
      launch: { executable: '/opt/orders/orders', args: [] },
      env: {},
      platform: 'linux',
      output: { out, err },
      now: () => 1_700_000_090_000,
      signal: new AbortController().signal,
      createManager: async (): Promise<ServiceManager> => manager,
      ...options.context,
    });
    return { code, out: out.text, err: err.text };
  };
  return {
    manager,
    run,
    async json(...argv) {
      const { code, out } = await run(...argv, '--json');
      return { code, value: JSON.parse(out) as Record<string, unknown> };
    },
  };
}
