import { passedSocketsVariable, startArgumentsVariable, type PassedDescriptor } from '@mainstay/core';
import type { ChildProcess } from 'node:child_process';
import { fstatSync } from 'node:fs';

/**
 * Starts this program once more, with an IPC channel, in a way that lets it listen on the same port as its siblings:
 * node:cluster, which works from source and inside a single executable, for every server a service may use, on every
 * system (SO_REUSEPORT is not on Windows and macOS, and drops what waits in the queue of a process that ends). The
 * primary accepts and hands connections round; on Windows the processes share the listening handle.
 *
 * @param sockets what the host passed to the primary: an instance that listens on one of these numbers listens on the
 *   primary's descriptor (node:cluster, "server.listen({fd})")
 * @param startArguments what came with the start of the primary
 */
export async function forkInstance(
  instance: number,
  sockets: readonly PassedDescriptor[] = [],
  startArguments: readonly string[] = [],
): Promise<ChildProcess> {
  const { default: cluster } = await import('node:cluster');
  const isExecutable = process.getBuiltinModule('node:sea').isSea();
  const given = process.argv.slice(2);
  // An executable has no script to name; where `fork` puts the script goes the command, which is `run` in any case.
  const [exec, args] = isExecutable
    ? ['run', given[0] === 'run' ? given.slice(1) : given]
    : [process.argv[1] ?? '', given];
  cluster.setupPrimary({
    exec,
    args,
    execArgv: isExecutable ? [] : process.execArgv,
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  const worker = cluster.fork({
    MAINSTAY_HOST: 'supervisor',
    MAINSTAY_INSTANCE: String(instance),
    // Files of the fd store stay with the primary: there is no way to share them.
    [passedSocketsVariable]: JSON.stringify(sockets.filter(({ fd }) => isSocket(fd))),
    [startArgumentsVariable]: JSON.stringify(startArguments),
  });
  return worker.process;
}

function isSocket(fd: number): boolean {
  try {
    return fstatSync(fd).isSocket();
  } catch {
    return false;
  }
}
