import type { ChildProcess, SendHandle } from 'node:child_process';
import { constants } from 'node:os';
import { isAbsolute, relative } from 'node:path';

import type { Clock, Logger, Timer } from '@mainstay/core';

import { canAccept, Distributor } from './distributor.ts';
import { createSharedHandle, notSupported, type SharedHandle } from './handle.ts';
import { keyOf, readClusterRequest, type ClusterRequest, type ListenRequest } from './protocol.ts';

/**
 * A port that no process has used for so long is closed: the program has another one in its configuration now, or takes
 * very long to start: longer than the 90 s that a start may take. Milliseconds.
 */
const unusedMs = 120_000;
/** The same while there is no process at all: longer than a restart, and not as long as somebody who was stopped. */
const desertedMs = 2_000;

/** EADDRINUSE as libuv has it: errno(3) of this system below zero; -4091 on Windows (uv/errno.h). */
const addressInUse = -(process.platform === 'win32' ? 4091 : constants.errno.EADDRINUSE);
/** EBADF, below zero as libuv has it; the same on every POSIX system (errno(3)). */
const badDescriptor = -9;

export interface SharedPortsOptions {
  readonly clock: Clock;
  readonly log: Logger;
  /**
   * A copy of the socket that the processes of this service were passed under this number (`listen:`): a process that
   * listens on a descriptor asks for ours. @default has none
   */
  readonly duplicate?: (scope: string, fd: number) => number | undefined;
  /** Accept for the processes, in place of letting each accept. @default on Windows; see `Distributor` */
  readonly distributes?: boolean;
}

/** A socket that is bound once for a service, and its users among the processes that are there. */
interface Port {
  readonly handle: SharedHandle;
  /** What the first server of this port said of itself, such as keys of TLS tickets; all servers get it. */
  data: unknown;
  readonly users: Set<ChildProcess>;
  /** Where we accept. */
  readonly distributor: Distributor | undefined;
  /** Monotonic; when the last user went. */
  unusedSince: number | undefined;
}

interface Scope {
  readonly ports: Map<string, Port>;
  /** Processes that are attached. */
  readonly children: Set<ChildProcess>;
  timer: Timer | undefined;
}

/**
 * Lets Node processes listen on one port together, also those that know nothing of Mainstay: it speaks the primary's
 * side of node:cluster's protocol (lib/internal/cluster), with the listening handle shared (SCHED_NONE).
 *
 * INVARIANTS: we bind and, but for Windows, never accept. The socket outlives the processes that use it by as long as a restart takes, so
 * that a connection that comes between two of them waits in its queue and is not refused; then it is closed, so that
 * nobody waits for a service that has been stopped.
 */
export class SharedPorts {
  readonly #options: SharedPortsOptions;
  readonly #scopes = new Map<string, Scope>();
  #sequence = 0;

  constructor(options: SharedPortsOptions) {
    this.#options = options;
  }

  /** What a process needs in its environment, besides an IPC channel, to ask us in place of binding by itself. */
  static environment(instance: number): Readonly<Record<string, string>> {
    return { NODE_UNIQUE_ID: String(instance + 1) };
  }

  /** Answers a process from now on, until its channel closes. `scope` is the service: its processes share ports. */
  attach(child: ChildProcess, scope: string): void {
    const own = this.#scopeOf(scope);
    own.children.add(child);
    this.#watch(own);
    const receive = (raw: unknown): void => {
      const request = readClusterRequest(raw);
      if (request) this.#receive(request, child, scope, own);
    };
    const leave = (): void => {
      child.off('internalMessage', receive);
      own.children.delete(child);
      for (const port of own.ports.values()) {
        this.#unuse(port, child);
        port.distributor?.leave(child);
      }
      this.#watch(own);
    };
    child.on('internalMessage', receive);
    child.once('disconnect', leave);
    child.once('exit', leave);
  }

  /** Closes the ports of a service that is not to run any more. From here on connections are refused. */
  release(scope: string): void {
    const own = this.#scopes.get(scope);
    if (!own) return;
    own.timer?.clear();
    own.timer = undefined;
    for (const port of own.ports.values()) closePort(port);
    own.ports.clear();
    if (own.children.size === 0) this.#scopes.delete(scope);
  }

  close(): void {
    for (const scope of this.#scopes.keys()) this.release(scope);
  }

  #scopeOf(name: string): Scope {
    let scope = this.#scopes.get(name);
    if (!scope) {
      scope = { ports: new Map(), children: new Set(), timer: undefined };
      this.#scopes.set(name, scope);
    }
    return scope;
  }

  #receive(request: ClusterRequest, child: ChildProcess, name: string, scope: Scope): void {
    switch (request.act) {
      case 'queryServer':
        this.#listen(request, child, name, scope);
        break;
      case 'close': {
        const port = scope.ports.get(request.key);
        if (port) this.#unuse(port, child);
        this.#watch(scope);
        break;
      }
      case 'exitedAfterDisconnect':
        // The process waits for this before it leaves the channel.
        this.#send(child, { ack: request.seq });
        break;
      case 'answer':
        for (const { distributor } of scope.ports.values())
          if (distributor?.answered(child, request.ack, request.accepted)) break;
        break;
      case 'online':
      case 'listening':
        break;
    }
  }

  #listen(request: ListenRequest, child: ChildProcess, name: string, scope: Scope): void {
    const key = keyOf(request);
    const existing = scope.ports.get(key);
    // A process that asks for the same port a second time has to hear that it is taken: by itself.
    if (existing?.users.has(child)) return this.#refuse(request, key, child, this.#inUse(request, name));
    const made = existing?.handle ?? this.#bind(request, name);
    if (typeof made === 'number') return this.#refuse(request, key, child, made);
    const port = existing ?? this.#openPort(made, key);
    if (typeof port === 'number') return this.#refuse(request, key, child, port);
    port.data ||= request.data;
    port.users.add(child);
    port.unusedSince = undefined;
    if (!existing) {
      scope.ports.set(key, port);
      const { address, port: number } = request;
      this.#options.log.debug({ service: name, address, port: number }, 'Port is bound for the instances');
    }
    const answer = { errno: 0, key, ack: request.seq, data: port.data };
    const { distributor } = port;
    if (!distributor) return this.#send(child, answer, port.handle);
    this.#send(child, { ...answer, sockname: distributor.name });
    distributor.add(child);
  }

  /** @returns the errno of libuv, below zero, when nobody can listen on it */
  #openPort(handle: SharedHandle, key: string): Port | number {
    const { distributes = process.platform === 'win32' } = this.#options;
    const channel = {
      nextSequence: () => ++this.#sequence,
      send: (child: ChildProcess, message: object, sent: SendHandle) => this.#send(child, message, sent),
    };
    const distributor = distributes && canAccept(handle) ? new Distributor(handle, key, channel) : undefined;
    const errno = distributor?.listen() ?? 0;
    if (errno === 0)
      return { handle, data: undefined, users: new Set(), distributor, unusedSince: undefined };
    handle.close();
    return errno;
  }

  #bind(request: ListenRequest, name: string): SharedHandle | number {
    const isTcp = request.addressType === 4 || request.addressType === 6;
    // Of all handles Windows lets TCP sockets alone go to another process (libuv, uv_write2).
    if (process.platform === 'win32' && !isTcp) return notSupported;
    if (request.fd === undefined) return createSharedHandle({ ...request, address: shortAddress(request) });
    const fd = this.#options.duplicate?.(name, request.fd);
    return fd === undefined ? badDescriptor : createSharedHandle({ ...request, fd });
  }

  /** As node's own primary finds out: by binding a second time. */
  #inUse(request: ListenRequest, name: string): number {
    const second = this.#bind(request, name);
    if (typeof second === 'number') return second;
    second.close();
    return addressInUse;
  }

  #refuse({ seq }: ListenRequest, key: string, child: ChildProcess, errno: number): void {
    this.#send(child, { errno, key, ack: seq, data: null });
  }

  #send(child: ChildProcess, message: object, handle?: SharedHandle | SendHandle): void {
    if (!child.connected) return;
    const failed = (error: Error | null): void => {
      if (error)
        this.#options.log.debug({ error, childPid: child.pid }, 'An instance has gone before its answer');
    };
    // NODE_ makes it internal to node: the program does not see it (child_process, "subprocess.send()").
    child.send({ cmd: 'NODE_CLUSTER', ...message }, handle as SendHandle | undefined, failed);
  }

  #unuse(port: Port, child: ChildProcess): void {
    port.distributor?.remove(child);
    if (!port.users.delete(child) || port.users.size > 0) return;
    port.unusedSince = this.#options.clock.monotonic();
  }

  /** Sets the timer for what is not used. */
  #watch(scope: Scope): void {
    scope.timer?.clear();
    scope.timer = undefined;
    const limitMs = scope.children.size === 0 ? desertedMs : unusedMs;
    const now = this.#options.clock.monotonic();
    const due = [...scope.ports.values()].flatMap(({ unusedSince }) =>
      unusedSince === undefined ? [] : unusedSince + limitMs,
    );
    if (due.length === 0) return;
    scope.timer = this.#options.clock.setTimer(Math.max(0, Math.min(...due) - now), () => this.#sweep(scope));
  }

  #sweep(scope: Scope): void {
    const limitMs = scope.children.size === 0 ? desertedMs : unusedMs;
    const now = this.#options.clock.monotonic();
    for (const [key, port] of scope.ports) {
      const { unusedSince } = port;
      if (unusedSince === undefined || now - unusedSince < limitMs) continue;
      scope.ports.delete(key);
      closePort(port);
    }
    this.#watch(scope);
  }
}

function closePort({ handle, distributor }: Port): void {
  distributor?.close();
  handle.close();
}

/** Paths of sockets have about 100 bytes: the shorter of the two that name it. */
function shortAddress({ address, port }: ListenRequest): string | null {
  if (address === null || port >= 0 || process.platform === 'win32' || !isAbsolute(address)) return address;
  const near = relative(process.cwd(), address);
  return near.length < address.length ? near : address;
}
