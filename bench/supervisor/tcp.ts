import { connect } from 'node:net';

/** Connects and reads the pid that the service answers; undefined when nobody does. */
export async function askPid(port: number, limitMs = 1000): Promise<number | undefined> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1' });
    let text = '';
    const done = (pid: number | undefined): void => {
      socket.destroy();
      resolve(pid);
    };
    socket.setTimeout(limitMs, () => done(undefined));
    socket.setEncoding('latin1').on('data', (chunk: string) => {
      text += chunk;
      if (text.endsWith('\n')) done(Number(text) || undefined);
    });
    socket.once('close', () => done(undefined));
    socket.once('error', () => done(undefined));
  });
}

/** Has the service end itself by SIGKILL; resolves when it is dead. Its pid may be of another namespace. */
export async function crash(port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1' }, () => socket.write('x'));
    socket.resume();
    socket.setTimeout(10_000, () => reject(new Error(`The service on port ${port} does not die`)));
    socket.once('error', () => {});
    socket.once('close', () => resolve());
  });
}

/** Asks without pause until a process other than `before` answers. Throws after `limitMs`. */
export async function untilReady(port: number, before?: number, limitMs = 60_000): Promise<number> {
  const end = performance.now() + limitMs;
  for (;;) {
    const pid = await askPid(port);
    if (pid !== undefined && pid !== before) return pid;
    if (performance.now() > end) throw new Error(`Nobody answers on port ${port} after ${limitMs} ms`);
    // A connection that is refused takes 50 µs: let the others have the processor.
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}
