/*
 * What a worker of node:cluster says to its primary, from Node 18 to 26 (lib/internal/cluster/child.js): messages with
 * `cmd: 'NODE_CLUSTER'`, a number `seq`, and an act. The primary's answer carries the number as `ack`.
 */

export interface ListenRequest {
  readonly act: 'queryServer';
  readonly seq: number;
  /** Host, absolute path of a Unix socket, name of a pipe; null for all addresses. */
  readonly address: string | null;
  /** -1 for a path. */
  readonly port: number;
  /** 4, 6; -1 for a path; `udp4`, `udp6`; null for a descriptor. */
  readonly addressType: number | string | null;
  /** A descriptor to listen on. */
  readonly fd: number | undefined;
  /** Counts the servers of the process with the same address and port: servers on port 0 are different ones. */
  readonly index: number;
  readonly flags: number;
  readonly data: unknown;
}

export type ClusterRequest =
  | ListenRequest
  | { readonly act: 'online' | 'exitedAfterDisconnect' | 'listening'; readonly seq: number }
  | { readonly act: 'close'; readonly seq: number; readonly key: string }
  | Answer;

/** To a `newconn` of ours: whether the process has taken the connection. */
export interface Answer {
  readonly act: 'answer';
  /** The `seq` that we sent. */
  readonly ack: number;
  readonly accepted: boolean;
}

/** Reads an internal message; undefined for all that is none of these. */
export function readClusterRequest(raw: unknown): ClusterRequest | undefined {
  if (typeof raw !== 'object' || raw === null) return undefined;
  const message = raw as Readonly<Record<string, unknown>>;
  const { cmd, act, seq, ack, accepted } = message;
  if (cmd !== 'NODE_CLUSTER' || typeof seq !== 'number') return undefined;
  if (typeof ack === 'number' && typeof accepted === 'boolean') return { act: 'answer', ack, accepted };
  switch (act) {
    case 'online':
    case 'listening':
    case 'exitedAfterDisconnect':
      return { act, seq };
    case 'close':
      return typeof message['key'] === 'string' ? { act, seq, key: message['key'] } : undefined;
    case 'queryServer':
      return readListen(message, seq);
    default:
      return undefined;
  }
}

function readListen(message: Readonly<Record<string, unknown>>, seq: number): ListenRequest | undefined {
  const { address, port, addressType, fd, index, flags, data } = message;
  const isType = typeof addressType === 'number' || typeof addressType === 'string' || addressType === null;
  if (!isType || (typeof port !== 'number' && port !== undefined && port !== null)) return undefined;
  return {
    act: 'queryServer',
    seq,
    address: typeof address === 'string' ? address : null,
    port: port ?? -1,
    addressType,
    fd: typeof fd === 'number' && fd >= 0 ? fd : undefined,
    index: typeof index === 'number' ? index : 0,
    flags: typeof flags === 'number' ? flags : 0,
    data: data ?? null,
  };
}

/** Servers with the same key share a socket, as in node's own primary. */
export function keyOf({ address, port, addressType, fd, index }: ListenRequest): string {
  return `${address}:${port}:${addressType}:${fd}${port === 0 ? `:${index}` : ''}`;
}
