import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { TestEvent } from './event-reporter.ts';
import { killGroup, markName, sweep } from './processes.ts';

/** What became of one test file. */
export interface FileResult {
  readonly file: string;
  readonly passed: number;
  readonly failures: readonly Problem[];
  readonly skips: readonly Problem[];
  /** Command lines of processes that the file left running. */
  readonly leftBehind: readonly string[];
  /** What the file wrote to stdout and stderr: its last part. */
  readonly output: string;
  readonly milliseconds: number;
}

export interface Problem {
  readonly test: string;
  readonly text: string;
}

const keptOutput = 20_000;
const reporter = pathToFileURL(join(import.meta.dirname, 'event-reporter.ts')).href;

/**
 * Runs one test file in a process of its own, and ends with everything it started.
 * @param limit after so many ms it is killed
 * @param grace for so many ms its processes may outlive it: helpers of a killed test take down their machines
 */
export async function runFile(
  root: string,
  file: string,
  limit: number,
  stop: AbortSignal,
  grace = 10_000,
): Promise<FileResult> {
  const start = performance.now();
  const folder = await mkdtemp(join(tmpdir(), 'mainstay-test-'));
  const events = join(folder, 'events');
  const mark = randomUUID();
  const args = [`--test-reporter=${reporter}`, `--test-reporter-destination=${events}`, join(root, file)];
  const { NODE_TEST_CONTEXT: _, ...inherited } = process.env;
  const child = spawn(process.execPath, args, {
    cwd: root,
    env: { ...inherited, [markName]: mark },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: process.platform !== 'win32',
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => (output = (output + text).slice(-keptOutput)));
  }
  let isOverdue = false;
  const end = () => child.pid && killGroup(child.pid);
  const timer = setTimeout(() => {
    isOverdue = true;
    end();
  }, limit);
  stop.addEventListener('abort', end);
  if (stop.aborted) end();
  // 'exit', not 'close': a process left behind may hold the pipes open.
  const ending = await new Promise<string>((resolve) => {
    child.on('error', (error) => resolve(error.message));
    child.on('exit', (code, signal) => resolve(signal ?? `exit code ${String(code)}`));
  });
  clearTimeout(timer);
  stop.removeEventListener('abort', end);
  const leftBehind = (await sweep(mark, grace)).map(({ command }) => command);
  const lines = await readFile(events, 'utf8').catch(() => '');
  await rm(folder, { recursive: true });
  const overdue = isOverdue ? `Killed: not done within ${limit / 1000} s` : undefined;
  return {
    file,
    ...summarise(parse(lines), overdue ?? (ending === 'exit code 0' ? undefined : ending)),
    leftBehind: isOverdue || stop.aborted ? [] : leftBehind,
    output,
    milliseconds: performance.now() - start,
  };
}

function parse(lines: string): TestEvent[] {
  const whole = lines.slice(0, lines.lastIndexOf('\n') + 1);
  return whole
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as TestEvent);
}

const name = (path: readonly string[]) => path.join(' › ');

/** Counts tests. A file that ends badly, or tests nothing, is a failure even if no test failed. */
export function summarise(
  events: readonly TestEvent[],
  badEnding: string | undefined,
): Pick<FileResult, 'passed' | 'failures' | 'skips'> {
  const passed = events.filter(({ type }) => type === 'pass').length;
  const skips = events.flatMap((event) =>
    event.type === 'skip' ? [{ test: name(event.path), text: event.reason }] : [],
  );
  const failures = events.flatMap((event) =>
    event.type === 'fail' ? [{ test: name(event.path), text: event.error }] : [],
  );
  if (badEnding !== undefined && (failures.length === 0 || badEnding !== 'exit code 1')) {
    const last = events.findLast(({ type }) => type === 'start');
    failures.push({
      test: last ? `while or after: ${name(last.path)}` : 'before its first test',
      text: badEnding,
    });
  } else if (passed + skips.length + failures.length === 0) {
    failures.push({ test: 'the file', text: 'It has no tests' });
  }
  return { passed, failures, skips };
}
