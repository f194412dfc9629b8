import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';

/** A plain Node program: an HTTP server on PORT, as people write it. Says `ready PORT`, or the code of its error. */
export const plainServer = `
  const http = require('node:http');
  const server = http.createServer((request, response) => response.end(process.env.NAME));
  server.on('error', (error) => { console.log('error ' + error.code); process.exitCode = 1; process.disconnect?.(); });
  server.listen(Number(process.env.PORT), process.env.HOST || undefined, () => console.log('ready ' + server.address().port));
  process.on('SIGTERM', () => {
    // Not http's own close: it cuts every connection without a request, also one whose first is on its way.
    require('node:net').Server.prototype.close.call(server, () => process.exit(0));
    setInterval(() => server.closeIdleConnections(), 500).unref();
  });
`;

export interface Program {
  readonly child: ChildProcess;
  /** Resolves with the first line that it says. */
  readonly said: Promise<string>;
}

export interface ProgramOptions {
  readonly node?: string;
  readonly source: string;
  readonly env: Readonly<Record<string, string>>;
  /** Descriptors from 3 on; the channel comes after them. */
  readonly descriptors?: readonly number[];
}

export function startProgram({
  node = process.execPath,
  source,
  env,
  descriptors = [],
}: ProgramOptions): Program {
  // The file name makes argv[1], without which node takes no part in a cluster.
  const child = spawn(node, ['--input-type=commonjs', '-', 'program'], {
    env: { PATH: process.env['PATH'] ?? '', ...env },
    stdio: ['pipe', 'pipe', 'inherit', ...descriptors, 'ipc'],
  });
  child.stdin?.end(source);
  child.stdout?.setEncoding('utf8');
  const said = (async () => {
    if (!child.stdout) throw new Error('no output');
    for await (const chunk of child.stdout) return String(chunk).trim();
    throw new Error('the program has ended without a word');
  })();
  said.catch(() => undefined);
  return { child, said };
}

export async function endProgram({ child }: Program, signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.kill(signal);
  await exited;
}
