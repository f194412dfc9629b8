import type { ServiceManager, ServiceScope } from '@mainstay/core';

import type { ServiceDefinition } from '../types.ts';
import type { Output } from './terminal/index.ts';

/** Baked into the executable; absent when the service runs from source. */
export interface BuildInfo {
  readonly name: string;
  readonly version: string;
  readonly target: string;
  readonly nodeVersion: string;
  readonly mainstayVersion: string;
  readonly commit?: string;
}

/** How this program is started: what comes before the command. */
export interface Launch {
  readonly executable: string;
  /** Empty in a built executable; from source the launcher's and the service's files. */
  readonly args: readonly string[];
}

/** Everything that the commands take from outside, so that a test can give it. */
export interface CommandContext {
  readonly definition: ServiceDefinition;
  readonly build: BuildInfo | undefined;
  readonly launch: Launch;
  readonly env: NodeJS.ProcessEnv;
  readonly platform: NodeJS.Platform;
  readonly output: Output;
  /** Milliseconds since the Unix epoch. */
  readonly now: () => number;
  /** Aborted by Ctrl-C: ends a `logs --follow` and waits. */
  readonly signal: AbortSignal;
  readonly createManager: (scope: ServiceScope) => Promise<ServiceManager>;
  /** Runs the service in the foreground; resolves with its exit code. Missing where `main` has done so already. */
  readonly run?: (args: readonly string[]) => Promise<number>;
}

/** Options that every command about an installed service has. */
export interface TargetOptions {
  readonly user?: boolean;
  readonly name?: string;
}

export interface JsonOption {
  readonly json?: boolean;
}

/** The service that a command is about, and the manager that has it. */
export interface Target {
  readonly name: string;
  readonly manager: ServiceManager;
}

/** The manager of the scope, and the name under which the service is installed there. */
export async function targetOf(context: CommandContext, options: TargetOptions): Promise<Target> {
  const manager = await context.createManager(options.user ? 'user' : 'system');
  return { manager, name: options.name ?? context.definition.name };
}

/** One JSON document on standard output. */
export function printJson(context: CommandContext, value: unknown): void {
  context.output.out.write(`${JSON.stringify(value, undefined, 2)}\n`);
}
