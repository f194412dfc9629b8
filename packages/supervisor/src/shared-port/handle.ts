import { createRequire } from 'node:module';

import type { ListenRequest } from './protocol.ts';

/** A bound socket of libuv, which can be sent over an IPC channel. */
export interface SharedHandle {
  close(): void;
}

type Create = (
  address: string | null,
  port: number,
  addressType: number | string | null,
  fd: number | undefined,
  flags: number,
) => SharedHandle | number;

/**
 * Binds as node's own primary does. These two functions are what net and dgram have for node:cluster; they are not
 * documented, and have been the same since Node 12; the tests see when they change.
 *
 * @param request its `fd` is one of ours, and belongs to the handle from here on
 * @returns the errno of libuv, below zero, when it cannot be bound
 */
export function createSharedHandle(request: ListenRequest): SharedHandle | number {
  const { address, port, addressType, fd, flags } = request;
  const require = createRequire(import.meta.url);
  if (addressType === 'udp4' || addressType === 'udp6') {
    const { _createSocketHandle } = require('node:dgram') as { readonly _createSocketHandle: Create };
    return _createSocketHandle(address, port, addressType, fd, flags);
  }
  const { _createServerHandle } = require('node:net') as { readonly _createServerHandle: Create };
  return _createServerHandle(address, port, addressType, fd, flags);
}
