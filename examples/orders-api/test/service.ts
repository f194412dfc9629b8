import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

export interface LogLine {
  readonly msg: string;
  readonly pid: number;
  readonly url?: string;
  readonly [field: string]: unknown;
}

/** The service as a process of its own. */
export interface RunningService {
  readonly url: string;
  readonly child: ChildProcess;
  readonly lines: readonly LogLine[];
  /** Resolves with the first line, past or to come, that fits. */
  readonly line: (fits: (line: LogLine) => boolean) => Promise<LogLine>;
  /** @returns the exit code */
  readonly stop: (signal?: NodeJS.Signals) => Promise<number | null>;
}

const program = fileURLToPath(new URL('program.ts', import.meta.url));
const directory = fileURLToPath(new URL('..', import.meta.url));

/** Resolves when the service says that it is up. */
export async function startService(data: string, env: NodeJS.ProcessEnv = {}): Promise<RunningService> {
  const child = spawn(process.execPath, [program, 'run'], {
    cwd: directory,
    env: { PATH: process.env['PATH'], PORT: '0', STATE_DIRECTORY: data, ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const lines: LogLine[] = [];
  const watchers = new Set<() => void>();
  let rest = '';
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    const parts = (rest + chunk).split('\n');
    rest = parts.pop() ?? '';
    lines.push(...parts.map((part) => JSON.parse(part) as LogLine));
    for (const look of watchers) look();
  });
  const exited = once(child, 'exit') as Promise<[number | null]>;
  const line = async (fits: (line: LogLine) => boolean): Promise<LogLine> => {
    const { promise, resolve, reject } = Promise.withResolvers<LogLine>();
    const look = (): void => {
      const found = lines.find((candidate) => fits(candidate));
      if (found) resolve(found);
    };
    watchers.add(look);
    void exited.then(() => reject(new Error(`The service ended: ${JSON.stringify(lines.at(-1))}`)));
    look();
    try {
      return await promise;
    } finally {
      watchers.delete(look);
    }
  };
  await line(({ msg, pid }) => msg === 'Service is up' && pid === child.pid);
  const { url } = await line((candidate) => candidate.url !== undefined);
  return {
    url: url ?? '',
    child,
    lines,
    line,
    async stop(signal = 'SIGTERM') {
      child.kill(signal);
      return (await exited)[0];
    },
  };
}
