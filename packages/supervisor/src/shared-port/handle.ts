import * as net from 'node:net';
import { constants } from 'node:os';

import type { ListenRequest } from './protocol.ts';

/** A bound socket of libuv, which can be sent over an IPC channel. */
export interface SharedHandle {
  close(): void;
}

type CreateServerHandle = (
  address: string | null,
  port: number | null,
  addressType: number | string | null,
  fd: number | undefined,
  flags: number,
) => SharedHandle | number;

interface DatagramHandle extends SharedHandle {
  bind(address: string, port: number, flags: number): number;
  bind6(address: string, port: number, flags: number): number;
}

/** ENOTSUP as libuv has it: errno(3) below zero; -4049 on Windows (uv/errno.h). */
export const notSupported = process.platform === 'win32' ? -4049 : -constants.errno.ENOTSUP;

/**
 * Binds as node's own primary does (lib/internal/cluster/shared_handle.js), by what net has for it: not documented, and
 * the same since Node 12; the tests see when it changes.
 *
 * @param request its `fd` is one of ours, and belongs to the handle from here on
 * @returns the errno of libuv, below zero, when it cannot be bound
 */
export function createSharedHandle(request: ListenRequest): SharedHandle | number {
  const { address, port, addressType, fd, flags } = request;
  if (addressType === 'udp4' || addressType === 'udp6') return createDatagramHandle(request, addressType);
  const { _createServerHandle: create } = net as unknown as {
    readonly _createServerHandle: CreateServerHandle;
  };
  // A descriptor has its address already, and the function insists on none.
  return fd === undefined
    ? create(address, port, addressType, undefined, flags)
    : create(null, null, null, fd, flags);
}

/** The handle of a socket that is never bound through its own methods, which would read from it. */
function createDatagramHandle(
  { address, port, fd, flags }: ListenRequest,
  type: 'udp4' | 'udp6',
): SharedHandle | number {
  if (fd !== undefined) return notSupported;
  // Few programs use it: loaded with the first that does.
  const socket = process.getBuiltinModule('node:dgram').createSocket(type);
  const state = Object.getOwnPropertySymbols(socket).find(
    ({ description }) => description === 'state symbol',
  );
  const states = socket as unknown as Readonly<Record<symbol, { readonly handle?: DatagramHandle }>>;
  const handle = state && states[state]?.handle;
  if (!handle) return notSupported;
  const errno =
    type === 'udp6'
      ? handle.bind6(address ?? '::', port, flags)
      : handle.bind(address ?? '0.0.0.0', port, flags);
  if (errno === 0) return handle;
  handle.close();
  return errno;
}
