import { writeSync } from 'node:fs';
import { ExitCode } from '@mainstay/core';

/** Where an error that nobody caught goes. */
export interface CrashGuard {
  /** From here on errors go to the lifecycle; before, there is nothing yet to clean up. */
  handOver(crash: (error: unknown) => void): void;
}

/** Catches uncaught exceptions and unhandled rejections from the first moment, whatever `--unhandled-rejections` says. */
export function installCrashGuard(): CrashGuard {
  let crash = crashBeforeStart;
  process.on('uncaughtException', (error) => crash(error));
  process.on('unhandledRejection', (reason) => crash(reason));
  return {
    handOver(next) {
      crash = next;
    },
  };
}

function crashBeforeStart(error: unknown): void {
  printFailure(error);
  process.exit(ExitCode.crashed);
}

/** On standard error, where there is one: a Windows service has none. */
export function printError(text: string): void {
  try {
    writeSync(2, `${text}\n`);
  } catch {
    // Nobody can read it.
  }
}

/** An error that the operator can put right without its stack, any other with it. */
export function printFailure(error: unknown): void {
  if (!(error instanceof Error)) printError(`Error: ${String(error)}`);
  else if (error.name === 'AppError') printError(`Error: ${error.message}`);
  else printError(error.stack ?? error.message);
}
