import type { LogReadOptions } from '@mainstay/supervisor';

import { agentErrors } from '../errors.ts';
import { isRecord } from '../manifest/shape.ts';
import { actions, type Action } from './types.ts';

/** Lines of the past that one request may ask for. */
const maxLines = 1_000_000;
const maxInstances = 1024;

/** `POST /v1/actions` */
export function readAction(body: unknown): { readonly action: Action; readonly services: readonly string[] } {
  const { action, services = [] } = fields(body, ['action', 'services']);
  if (!isAction(action)) throw invalid(`"action" has to be one of ${actions.join(', ')}`);
  if (!isNames(services)) throw invalid('"services" has to be a list of names');
  return { action, services };
}

/** `POST /v1/scale` */
export function readScale(body: unknown): { readonly service: string; readonly instances: number } {
  const { service, instances } = fields(body, ['service', 'instances']);
  if (typeof service !== 'string') throw invalid('"service" has to be the name of a service');
  if (
    typeof instances !== 'number' ||
    !Number.isInteger(instances) ||
    instances < 0 ||
    instances > maxInstances
  ) {
    throw invalid(`"instances" has to be a whole number from 0 to ${maxInstances}`);
  }
  return { service, instances };
}

/** `POST /v1/plan`, `POST /v1/apply`; the manifest itself is looked at by the agent. */
export function readManifestBody(body: unknown): unknown {
  const { manifest } = fields(body, ['manifest']);
  if (manifest === undefined) throw invalid('"manifest" is missing');
  return manifest;
}

/** `POST /v1/shutdown`; its body may be missing. */
export function readShutdown(body: unknown): { readonly force: boolean } {
  const { force = false } = body === undefined ? {} : fields(body, ['force']);
  if (typeof force !== 'boolean') throw invalid('"force" has to be true or false');
  return { force };
}

/** `GET /v1/logs?service=&instance=&lines=&since=&follow=`; `service` may be there several times. */
export function readLogQuery(query: URLSearchParams): LogReadOptions {
  for (const key of query.keys()) {
    if (!['service', 'instance', 'lines', 'since', 'follow'].includes(key))
      throw invalid(`Unknown parameter "${key}"`);
  }
  const services = query.getAll('service');
  const instance = wholeNumber(query, 'instance', maxInstances);
  const since = wholeNumber(query, 'since', Number.MAX_SAFE_INTEGER);
  const follow = query.get('follow') ?? 'false';
  if (follow !== 'true' && follow !== 'false') throw invalid('"follow" has to be true or false');
  return {
    services: services.length > 0 ? services : undefined,
    lines: wholeNumber(query, 'lines', maxLines) ?? 100,
    follow: follow === 'true',
    ...(instance !== undefined && { instance }),
    ...(since !== undefined && { since }),
  };
}

function wholeNumber(query: URLSearchParams, key: string, max: number): number | undefined {
  const text = query.get(key);
  if (text === null) return undefined;
  const value = /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN;
  if (!(value <= max)) throw invalid(`"${key}" has to be a whole number from 0 to ${max}`);
  return value;
}

function fields(body: unknown, known: readonly string[]): Record<string, unknown> {
  if (!isRecord(body)) throw invalid('The body has to be a JSON object');
  const unknown = Object.keys(body).find((key) => !known.includes(key));
  if (unknown !== undefined) throw invalid(`Unknown key "${unknown}"; known are ${known.join(', ')}`);
  return body;
}

const isAction = (value: unknown): value is Action => (actions as readonly unknown[]).includes(value);

const isNames = (value: unknown): value is string[] =>
  Array.isArray(value) && value.every((name) => typeof name === 'string');

const invalid = (message: string): Error => agentErrors.error('AGENT_REQUEST_INVALID', message);
