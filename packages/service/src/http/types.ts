import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import type { ServiceContext } from '../types.ts';

/** Answers a request; Express and Koa (`app.callback()`) applications are such functions, Hono's is made by `getRequestListener`. */
export type HttpHandler = (request: IncomingMessage, response: ServerResponse) => void | Promise<void>;

/** An application that is made ready first and then answers: Fastify. */
export interface RoutingApplication {
  ready(): PromiseLike<unknown>;
  routing(request: IncomingMessage, response: ServerResponse): void;
}

/** What the helper needs of a service's context. */
export type HttpContext = Pick<ServiceContext, 'log' | 'status' | 'sockets' | 'disposer' | 'health'>;

export interface HttpOptions {
  /** 0 for any free one. Not used when the host has passed a socket (systemd's socket activation). */
  readonly port: number;
  /** Address to listen on. @default all, IPv6 and IPv4 */
  readonly host?: string;
  /** Name of the passed socket (FileDescriptorName=, systemd.socket(5)). @default the first one */
  readonly socketName?: string;
  /** Path that answers 200 until a health check fails: for a probe that restarts. @default none */
  readonly healthPath?: string;
  /** Path that answers 200 while requests are welcome: for a load balancer. @default none */
  readonly readyPath?: string;
  /** How long a stop waits for answers that are on their way, in milliseconds. @default 10_000 */
  readonly drainMs?: number;
  /**
   * How long a stop goes on accepting connections, in milliseconds, for load balancers that learn of it by `readyPath`.
   * @default 0
   */
  readonly lameDuckMs?: number;
  /** How long a request's header may take, in milliseconds. @default 15_000 */
  readonly headersTimeoutMs?: number;
  /** How long a whole request may take to arrive, in milliseconds; not how long its answer may. @default 60_000 */
  readonly requestTimeoutMs?: number;
  /**
   * How long an idle connection is kept, in milliseconds. Longer than the 60 s of usual load balancers, which must be
   * the ones to close it, or they send requests into a closing connection. @default 65_000
   */
  readonly keepAliveMs?: number;
  /** WebSocket and the like. The stop waits for such sockets until `drainMs` is over: close them when it begins. */
  readonly upgrade?: (request: IncomingMessage, socket: Duplex, head: Buffer) => void;
}

export interface HttpService {
  /** With the real port; the first address that works when it listens on all. */
  readonly url: string;
  readonly port: number;
  readonly server: Server;
  /**
   * Stops accepting, answers what was asked (`Connection: close`), closes idle connections, and after `drainMs` the
   * rest. Calls after the first wait for the same stop.
   *
   * @returns how many connections were cut off while they were answered
   */
  stop(): Promise<{ readonly cutOff: number }>;
  /** Answers 503 with Retry-After from now on; health and ready paths go on. @param retryAfterSeconds @default 10 */
  pause(retryAfterSeconds?: number): void;
  resume(): void;
}
