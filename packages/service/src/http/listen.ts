import { messageOf } from '@mainstay/core';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { httpErrors } from './errors.ts';
import type { HttpContext, HttpOptions } from './types.ts';

/** Resolves with the URL when the server listens: on the socket that the host passed, or on the configured port. */
export async function listen(server: Server, ctx: HttpContext, options: HttpOptions): Promise<string> {
  const { port, host, socketName } = options;
  const passed = ctx.sockets.find((socket) => socketName === undefined || socket.name === socketName);
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once('error', reject);
  try {
    server.listen(passed ? { fd: passed.fd } : { port, ...(host !== undefined && { host }) }, resolve);
    await promise;
  } catch (error) {
    throw listenError(error, passed ? `the passed socket ${passed.name || passed.fd}` : place(options));
  }
  server.off('error', reject);
  return urlOf(server.address());
}

function listenError(error: unknown, where: string): Error {
  const options = { cause: error, details: { where } };
  switch ((error as NodeJS.ErrnoException).code) {
    case 'EADDRINUSE':
      return httpErrors.error(
        'HTTP_PORT_IN_USE',
        `Cannot listen on ${where}: another program already does; stop it or configure another port`,
        options,
      );
    case 'EACCES':
    case 'EPERM':
      return httpErrors.error(
        'HTTP_NO_PERMISSION',
        `Cannot listen on ${where}: this account may not; use a port above 1023 or socket activation`,
        options,
      );
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
      return httpErrors.error(
        'HTTP_ADDRESS_UNAVAILABLE',
        `Cannot listen on ${where}: this machine does not have that address`,
        options,
      );
    default:
      return httpErrors.error(
        'HTTP_LISTEN_FAILED',
        `Cannot listen on ${where}: ${messageOf(error)}`,
        options,
      );
  }
}

const place = ({ port, host }: HttpOptions): string =>
  host === undefined ? `port ${port}` : `${host} port ${port}`;

function urlOf(address: AddressInfo | string | null): string {
  if (address === null) return '';
  if (typeof address === 'string') return `unix:${address}`;
  const { address: ip, port, family } = address;
  if (ip === '::' || ip === '0.0.0.0') return `http://localhost:${port}`;
  return `http://${family === 'IPv6' ? `[${ip}]` : ip}:${port}`;
}
