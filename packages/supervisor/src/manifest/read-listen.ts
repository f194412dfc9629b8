import { isIP } from 'node:net';

import { bounds } from './bounds.ts';
import type { ListenDeclaration } from './types.ts';
import type { Value } from './value.ts';

export interface Address {
  readonly host: string;
  readonly port: number;
}

/** `8080` on loopback, `0.0.0.0:8080`, `[::1]:8080`. Only addresses: a name could stand for several. */
export function readAddress(value: Value): Address | undefined {
  const text = value.text();
  if (text === undefined) return undefined;
  const [, host = '127.0.0.1', digits = ''] = /^(?:(.+):)?(\d{1,5})$/.exec(text) ?? [];
  const port = Number(digits);
  if (digits === '') return value.refuse(`is "${text}"; write a port, or an address such as 127.0.0.1:8080`);
  if (port < bounds.port.min || port > bounds.port.max)
    return value.refuse(`is "${text}"; a port is a number from ${bounds.port.min} to ${bounds.port.max}`);
  const bare = host === 'localhost' ? '127.0.0.1' : host.replace(/^\[(.*)\]$/, '$1');
  if (isIP(bare) === 0)
    return value.refuse(
      `is "${text}"; name the address, such as 127.0.0.1:${port} or 0.0.0.0:${port} for all`,
    );
  if (isIP(bare) === 6 && bare === host) return value.refuse(`is "${text}"; write [${bare}]:${port}`);
  return { host: bare, port };
}

/** A port, an address, a list of them, or a map with a name for each; a nameless one is called after its port. */
export function readListen(value: Value): readonly ListenDeclaration[] {
  const named: (readonly [string | undefined, Value])[] = value.isMap
    ? [...(value.fields() ?? [])]
    : value.oneOrMore().map((item) => [undefined, item] as const);
  const sockets: ListenDeclaration[] = [];
  for (const [name, item] of named) {
    // sd_listen_fds_with_names(3): at most 255 characters, no colon.
    if (name !== undefined && !/^[A-Za-z0-9-]{1,255}$/.test(name))
      item.refuseKey(`"${name}" cannot be the name of a socket: use letters, digits and dashes`);
    const address = readAddress(item);
    if (!address) continue;
    const socket = { name: name ?? String(address.port), ...address };
    if (sockets.some((other) => other.name === socket.name))
      item.refuse(`has the name "${socket.name}" again; give each a name of its own: { http: …, https: … }`);
    else sockets.push(socket);
  }
  return sockets;
}

/** True when both cannot be bound at once: the same port on the same address, or on all. */
export function collide(a: Address, b: Address): boolean {
  if (a.port !== b.port) return false;
  const isAny = ({ host }: Address) => host === '0.0.0.0' || host === '::';
  // `::` takes IPv4 too (IPV6_V6ONLY is off by default, ipv6(7)).
  if (a.host === '::' || b.host === '::') return true;
  return a.host === b.host || (isIP(a.host) === isIP(b.host) && (isAny(a) || isAny(b)));
}
