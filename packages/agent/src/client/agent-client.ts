import { entriesOf } from '@mainstay/core';
import type { Explanation, LogLine, LogReadOptions, Manifest, Plan, ServiceView } from '@mainstay/supervisor';

import type { AlertTestResult } from '../alerts/alert-dispatcher.ts';
import { isRecord } from '../manifest/shape.ts';
import type { OwnershipFacts } from '../socket/ownership.ts';
import type { Action, AgentEvent, AgentInfo, ServiceDetail } from '../api/types.ts';
import { ask, askText, exchange, invalidAnswer, wayTo, type ExchangeOptions, type Way } from './exchange.ts';
import { readJsonLines } from './json-lines.ts';

/** How long a question that needs no work may take, in milliseconds. */
const answerTimeoutMs = 10_000;

export interface AgentClientOptions {
  /** Of the agent's socket; on Windows its runtime directory. */
  readonly socketPath: string;
  /** @default answerTimeoutMs */
  readonly timeoutMs?: number;
  /** Who owns what; a test gives its own. */
  readonly ownership?: OwnershipFacts;
}

/**
 * Talks to a running agent. Every call is a request of its own. Rejects with the agent's errors under their own codes
 * (SUPERVISOR_UNKNOWN_SERVICE, AGENT_MANIFEST_INVALID, …), and with AGENT_NOT_RUNNING, AGENT_SOCKET_WRONG_OWNER,
 * AGENT_NO_PERMISSION, AGENT_NOT_RESPONDING, AGENT_SOCKET_FAILED, AGENT_ANSWER_INVALID.
 */
export class AgentClient {
  readonly #way: Way;
  readonly #timeoutMs: number;

  /** Connects to nothing yet. Throws AGENT_SOCKET_PATH_TOO_LONG. */
  constructor({ socketPath, timeoutMs = answerTimeoutMs, ownership }: AgentClientOptions) {
    this.#way = wayTo(socketPath, ownership);
    this.#timeoutMs = timeoutMs;
  }

  async agent(): Promise<AgentInfo> {
    return (await this.#get('/v1/agent')) as unknown as AgentInfo;
  }

  async services(): Promise<readonly ServiceView[]> {
    return listIn(await this.#get('/v1/services'), 'services') as readonly ServiceView[];
  }

  async service(name: string): Promise<ServiceDetail> {
    return (await this.#get(`/v1/services/${encodeURIComponent(name)}`)) as unknown as ServiceDetail;
  }

  async why(name: string): Promise<readonly Explanation[]> {
    return listIn(
      await this.#get(`/v1/services/${encodeURIComponent(name)}/why`),
      'explanations',
    ) as readonly Explanation[];
  }

  /** What `apply` would do. */
  async plan(manifest: Manifest): Promise<Plan> {
    return (await this.#post('/v1/plan', { manifest })) as unknown as Plan;
  }

  /** Resolves when every change has been carried out, or has begun to wait for a dependency. */
  async apply(manifest: Manifest, options: { readonly signal?: AbortSignal } = {}): Promise<Plan> {
    return (await this.#post('/v1/apply', { manifest }, options.signal)) as unknown as Plan;
  }

  /** Empty names: all services. Resolves when it is done, with everything as it is then. */
  async act(
    action: Action,
    services: readonly string[],
    options: { readonly signal?: AbortSignal } = {},
  ): Promise<readonly ServiceView[]> {
    return listIn(
      await this.#post('/v1/actions', { action, services }, options.signal),
      'services',
    ) as readonly ServiceView[];
  }

  async scale(service: string, instances: number): Promise<ServiceDetail> {
    return (await this.#post('/v1/scale', { service, instances })) as unknown as ServiceDetail;
  }

  /** Ends with the last line of the past, or with `follow` when the signal is aborted or the loop is left. */
  logs({ signal, ...query }: LogReadOptions): AsyncGenerator<LogLine, void, void> {
    const parameters = new URLSearchParams((query.services ?? []).map((name) => ['service', name]));
    parameters.set('lines', String(query.lines));
    parameters.set('follow', String(query.follow));
    if (query.instance !== undefined) parameters.set('instance', String(query.instance));
    if (query.since !== undefined) parameters.set('since', String(query.since));
    return this.#stream(`/v1/logs?${parameters.toString()}`, signal) as AsyncGenerator<LogLine, void, void>;
  }

  /** What happens from now on. */
  events({ signal }: { readonly signal?: AbortSignal } = {}): AsyncGenerator<AgentEvent, void, void> {
    return this.#stream('/v1/events', signal) as AsyncGenerator<AgentEvent, void, void>;
  }

  /** As Prometheus reads it. */
  async metrics(): Promise<string> {
    return askText(this.#way, { method: 'GET', path: '/metrics', timeoutMs: this.#timeoutMs });
  }

  /** Sends a test alert to every target of the manifest; resolves when each has been tried. */
  async testAlerts(options: { readonly signal?: AbortSignal } = {}): Promise<readonly AlertTestResult[]> {
    return listIn(
      await this.#post('/v1/alerts/test', {}, options.signal),
      'targets',
    ) as readonly AlertTestResult[];
  }

  /** Begins a stop of the agent and of its services; resolves at once. With `force` they are killed. */
  async shutdown(options: { readonly force: boolean } = { force: false }): Promise<void> {
    await this.#post('/v1/shutdown', options);
  }

  async #get(path: string): Promise<Record<string, unknown>> {
    return this.#ask({ method: 'GET', path, timeoutMs: this.#timeoutMs });
  }

  /** Starts and stops take as long as the services do: no bound on the time. */
  async #post(path: string, body: unknown, signal?: AbortSignal): Promise<Record<string, unknown>> {
    return this.#ask({ method: 'POST', path, body, timeoutMs: undefined, signal });
  }

  async #ask(options: ExchangeOptions): Promise<Record<string, unknown>> {
    const answer = await ask(this.#way, options);
    if (!isRecord(answer)) throw invalidAnswer('it is not an object');
    return answer;
  }

  #stream(path: string, signal: AbortSignal | undefined): AsyncGenerator<unknown, void, void> {
    return entriesOf(this.#batches(path, signal), () => signal?.aborted ?? false);
  }

  async *#batches(path: string, signal: AbortSignal | undefined): AsyncGenerator<readonly unknown[]> {
    if (signal?.aborted) return;
    const options = { method: 'GET', path, timeoutMs: this.#timeoutMs, signal } as const;
    yield* readJsonLines(await exchange(this.#way, options), signal);
  }
}

function listIn(answer: Record<string, unknown>, key: string): readonly unknown[] {
  const entries = answer[key];
  if (!Array.isArray(entries)) throw invalidAnswer(`it has no list "${key}"`);
  return entries as readonly unknown[];
}
