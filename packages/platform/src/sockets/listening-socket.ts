import { lookup } from 'node:dns/promises';
import { isIP, isIPv6 } from 'node:net';
import { constants as systemConstants } from 'node:os';

import { messageOf } from '@mainstay/core';

import { platformErrors } from '../errors.ts';
import { encodeInternetAddress } from './address.ts';
import { socketConstants, socketLibc } from './libc.ts';
import { portHolder } from './port-holder.ts';

/** The kernel cuts it to net.core.somaxconn (listen(2)). */
const backlog = 4096;

/** A socket that listens and that nobody accepts from here; it is passed to children as one of their descriptors. */
export interface ListeningSocket {
  readonly fd: number;
  /** Another descriptor of the same socket, which belongs to the caller. */
  duplicate(): number;
  close(): void;
}

export interface ListeningSocketOptions {
  /** Address, or a name that the resolver knows. */
  readonly host: string;
  /** 0 for any that is free. */
  readonly port: number;
}

/** Undefined where sockets can be passed, else why not, for people. */
export function whyNoListeningSockets(platform: NodeJS.Platform = process.platform): string | undefined {
  return socketConstants(platform) === undefined
    ? 'sockets cannot be passed to programs by number here'
    : undefined;
}

/**
 * Opens a TCP socket and listens, by libc itself: Node has no way to a socket that it does not accept from. Blocking, as
 * systemd passes them by default (systemd.socket(5), NonBlocking=); children do not inherit it by themselves. An IPv6
 * address takes IPv6 alone.
 *
 * Throws SOCKET_PORT_IN_USE (with who has it, when that can be seen), SOCKET_NO_PERMISSION, SOCKET_ADDRESS_UNAVAILABLE,
 * SOCKET_FAILED, SOCKET_UNSUPPORTED, FFI_UNAVAILABLE.
 */
export async function openListeningSocket({ host, port }: ListeningSocketOptions): Promise<ListeningSocket> {
  const constants = socketConstants();
  if (!constants) {
    throw platformErrors.error(
      'SOCKET_UNSUPPORTED',
      `Cannot listen on ${place(host, port)} for a program: ${whyNoListeningSockets()}`,
    );
  }
  const ip = isIP(host) === 0 ? await resolve(host, port) : host;
  const libc = socketLibc();
  const address = encodeInternetAddress(ip, port, constants);
  const isV6 = isIPv6(ip);
  const made = Number(libc.socket(isV6 ? constants.AF_INET6 : constants.AF_INET, constants.SOCK_STREAM, 0));
  if (made < 0) throw await failure(libc.errno(), host, port);
  const one = Buffer.alloc(4);
  one.writeInt32LE(1);
  const { SOL_SOCKET, SO_REUSEADDR, IPPROTO_IPV6, IPV6_V6ONLY } = constants;
  const isDone = (result: unknown): boolean => Number(result) >= 0;
  const isListening =
    isDone(libc.setsockopt(made, SOL_SOCKET, SO_REUSEADDR, one, 4)) &&
    (!isV6 || isDone(libc.setsockopt(made, IPPROTO_IPV6, IPV6_V6ONLY, one, 4))) &&
    isDone(libc.bind(made, address, address.length)) &&
    isDone(libc.listen(made, backlog));
  // SOCK_CLOEXEC is not everywhere; nothing is spawned in between, for all this runs without a break.
  const fd = isListening ? libc.duplicate(made) : -1;
  const errno = fd < 0 ? libc.errno() : 0;
  libc.close(made);
  if (fd < 0) throw await failure(errno, host, port);
  return socketOf(fd, host, port);
}

function socketOf(fd: number, host: string, port: number): ListeningSocket {
  const libc = socketLibc();
  let isOpen = true;
  return {
    fd,
    duplicate() {
      const copy = isOpen ? libc.duplicate(fd) : -1;
      if (copy >= 0) return copy;
      throw platformErrors.error(
        'SOCKET_FAILED',
        `The socket on ${place(host, port)} cannot be passed on: ${isOpen ? errnoName(libc.errno()) : 'it is closed'}`,
      );
    },
    close() {
      // A second time it would be the descriptor of somebody else.
      if (isOpen) libc.close(fd);
      isOpen = false;
    },
  };
}

async function resolve(host: string, port: number): Promise<string> {
  try {
    return (await lookup(host)).address;
  } catch (error) {
    throw platformErrors.error(
      'SOCKET_ADDRESS_UNAVAILABLE',
      `Cannot listen on ${place(host, port)}: ${messageOf(error)}`,
      { cause: error },
    );
  }
}

async function failure(errno: number, host: string, port: number): Promise<Error> {
  const name = errnoName(errno);
  const where = `Cannot listen on ${place(host, port)}`;
  const details = { details: { host, port, errno: name } };
  switch (name) {
    case 'EADDRINUSE': {
      const holder = await portHolder(port);
      const who = holder ? `${holder.command} (pid ${holder.pid})` : 'another program';
      return platformErrors.error('SOCKET_PORT_IN_USE', `${where}: ${who} already does`, details);
    }
    case 'EACCES':
    case 'EPERM':
      return platformErrors.error('SOCKET_NO_PERMISSION', `${where}: this account may not`, details);
    case 'EADDRNOTAVAIL':
    case 'EAFNOSUPPORT':
      return platformErrors.error(
        'SOCKET_ADDRESS_UNAVAILABLE',
        `${where}: this machine does not have that address`,
        details,
      );
    default:
      return platformErrors.error('SOCKET_FAILED', `${where}: ${name}`, details);
  }
}

const place = (host: string, port: number): string =>
  isIPv6(host) ? `[${host}]:${port}` : `${host}:${port}`;

function errnoName(errno: number): string {
  const names = Object.entries(systemConstants.errno);
  return names.find(([, value]) => value === errno)?.[0] ?? `errno ${errno}`;
}
