import { isIPv6 } from 'node:net';

import type { SocketConstants } from './libc.ts';

/** `struct sockaddr_in` or `sockaddr_in6` of an address without a zone (ip(7), ipv6(7)). */
export function encodeInternetAddress(ip: string, port: number, constants: SocketConstants): Buffer {
  const isV6 = isIPv6(ip);
  const encoded = Buffer.alloc(isV6 ? 28 : 16);
  const family = isV6 ? constants.AF_INET6 : constants.AF_INET;
  if (constants.addressHasLength) {
    encoded.writeUInt8(encoded.length, 0);
    encoded.writeUInt8(family, 1);
  } else encoded.writeUInt16LE(family, 0);
  encoded.writeUInt16BE(port, 2);
  // sockaddr_in6 has its flow label between port and address.
  if (isV6) v6Bytes(ip).copy(encoded, 8);
  else Buffer.from(ip.split('.').map(Number)).copy(encoded, 4);
  return encoded;
}

/** The URL parser writes every notation in one: groups in hexadecimal, at most one `::` (WHATWG URL, 3.5). */
function v6Bytes(ip: string): Buffer {
  const { hostname } = new URL(`http://[${ip}]`);
  const [head = '', tail] = hostname.slice(1, -1).split('::');
  const groupsOf = (text: string): number[] =>
    text === '' ? [] : text.split(':').map((group) => Number.parseInt(group, 16));
  const first = groupsOf(head);
  const last = tail === undefined ? [] : groupsOf(tail);
  const zeros = Array.from({ length: 8 - first.length - last.length }, () => 0);
  const bytes = Buffer.alloc(16);
  for (const [index, group] of [...first, ...zeros, ...last].entries()) bytes.writeUInt16BE(group, index * 2);
  return bytes;
}
