import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const checkout = join(import.meta.dirname, '../..');

export interface UmlRun {
  /** A program for Node, from the root of the checkout. */
  readonly program: string;
  /** Which cgroup it finds itself in: see init.sh. */
  readonly place: 'root' | 'delegated' | 'shared';
}

export interface UmlResult {
  /** Undefined when the machine went down before it could be told. */
  readonly code: number | undefined;
  /** All that was said on the console. */
  readonly output: string;
}

/** A virtual machine that does not come to its end is killed, in seconds. */
const limitSeconds = 240;

/**
 * Boots User-Mode Linux, with this machine's root as its own, read-only, and runs one program in it. It is an ordinary
 * process in a PID namespace, so that nothing of it is left whatever happens.
 */
export async function runInUml({ program, place }: UmlRun): Promise<UmlResult> {
  const folder = await mkdtemp(join(tmpdir(), 'mainstay-uml-'));
  const init = join(import.meta.dirname, 'init.sh');
  const machine = [
    'linux.uml',
    'mem=1024M',
    'rootfstype=hostfs',
    'rootflags=/',
    'ro',
    'con0=null,fd:1',
    'con=null',
    'ssl=null',
    'console=tty0',
    'quiet',
    `init=${init}`,
    `uml_dir=${folder}`,
    // What the kernel does not know becomes the environment of its first process.
    `NODE=${process.execPath}`,
    `TEST=${join(checkout, program)}`,
    `PLACE=${place}`,
  ];
  const namespace = ['unshare', '--fork', '--pid', '--kill-child', '--mount-proc'];
  const child = spawn('timeout', ['-s', 'KILL', String(limitSeconds), ...namespace, ...machine], {
    // Its memory is a file there.
    env: { PATH: process.env.PATH, TMPDIR: '/dev/shm' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
  await new Promise((resolve) => child.once('close', resolve));
  await rm(folder, { recursive: true, force: true });
  const code = /^uml: exit code (\d+)/m.exec(output)?.[1];
  return { code: code === undefined ? undefined : Number(code), output };
}
