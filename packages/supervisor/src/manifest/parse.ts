import { messageOf, parseDuration } from '@mainstay/core';
import type { Node } from 'yaml';

import { defaultRestartLimits, type RestartLimits } from '../restart/policy.ts';
import { ManifestReader, type Entry } from './reader.ts';
import type { ManifestLanguage, ManifestResult, ManifestService } from './types.ts';

const serviceKeys = ['service', 'env', 'restart'];
const restartKeys = ['policy', 'backoff'];
const policies = ['always', 'on-failure', 'never'] as const;

/** Parts of the format that are described, and that this version would have to ignore. */
const laterKeys = ['exec', 'instances', 'health', 'limits', 'logs', 'dependsOn'];

/** Reads `mainstay.yaml`; all problems at once, in the order of the file. */
export function parseManifest(text: string, language: ManifestLanguage): ManifestResult {
  const reader = new ManifestReader(text, language);
  const services = reader.problems.length === 0 ? readRoot(reader) : [];
  if (reader.problems.length === 0) return { ok: true, manifest: { services } };
  const problems = reader.problems.toSorted((a, b) => a.line - b.line || a.column - b.column);
  return { ok: false, problems };
}

function readRoot(reader: ManifestReader): ManifestService[] {
  const entries = reader.map(reader.root, 'mainstay.yaml');
  let services: ManifestService[] | undefined;
  for (const entry of entries ?? []) {
    if (entry.key === 'services') services = readServices(reader, entry);
    else reader.unknownKey(entry, 'mainstay.yaml', ['services']);
  }
  if (entries && !services)
    reader.problem(reader.root, 'There is no "services" key; add services: with one below it');
  return services ?? [];
}

function readServices(reader: ManifestReader, { value, keyNode }: Entry): ManifestService[] {
  const entries = reader.map(value, 'services', keyNode) ?? [];
  if (entries.length === 0) reader.problem(keyNode, 'There is no service below "services"');
  return entries.flatMap((entry) => readService(reader, entry) ?? []);
}

function readService(reader: ManifestReader, entry: Entry): ManifestService | undefined {
  const { key: name, keyNode } = entry;
  if (!/^[a-z0-9][a-z0-9._-]{0,79}$/.test(name))
    reader.problem(
      keyNode,
      `"${name}" cannot be the name of a service: use lower-case letters, digits, dots, dashes and underscores, at most 80`,
    );
  const where = `services.${name}`;
  const entries = reader.map(entry.value, where, keyNode);
  if (!entries) return undefined;
  let service: string | undefined;
  let env: Record<string, string> = {};
  let restart: RestartLimits = defaultRestartLimits;
  for (const part of entries) {
    if (part.key === 'service') service = reader.text(part.value, `${where}.service`, part.keyNode);
    else if (part.key === 'env') env = readEnv(reader, part, `${where}.env`);
    else if (part.key === 'restart') restart = readRestart(reader, part, `${where}.restart`);
    else if (laterKeys.includes(part.key))
      reader.problem(
        part.keyNode,
        `${where}.${part.key} is not supported yet by this version; remove it${part.key === 'exec' ? ', and name a Mainstay service with "service"' : ''}`,
      );
    else reader.unknownKey(part, where, serviceKeys);
  }
  const hasProgram = entries.some((part) => part.key === 'service' || part.key === 'exec');
  if (!hasProgram)
    reader.problem(keyNode, `${where} needs "service": the folder or entry file of a Mainstay service`);
  if (service === '') reader.problem(keyNode, `${where}.service is empty`);
  return { name, service: service ?? '', env, restart, ...reader.position(keyNode) };
}

function readEnv(reader: ManifestReader, entry: Entry, where: string): Record<string, string> {
  const env: Record<string, string> = {};
  for (const { key, keyNode, value } of reader.map(entry.value, where, entry.keyNode) ?? []) {
    if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(key))
      reader.problem(keyNode, `"${key}" cannot be the name of an environment variable`);
    const text = reader.text(value, `${where}.${key}`, keyNode);
    if (text?.includes('\0')) reader.problem(value, `${where}.${key} holds a NUL character`);
    if (text !== undefined) env[key] = text;
  }
  return env;
}

function readRestart(reader: ManifestReader, entry: Entry, where: string): RestartLimits {
  let limits = defaultRestartLimits;
  for (const part of reader.map(entry.value, where, entry.keyNode) ?? []) {
    if (part.key === 'policy') {
      const text = reader.text(part.value, `${where}.policy`, part.keyNode);
      const policy = policies.find((candidate) => candidate === text);
      if (policy) limits = { ...limits, policy };
      else if (text !== undefined)
        reader.problem(part.value, `${where}.policy is "${text}"; use ${policies.join(', ')}`);
    } else if (part.key === 'backoff') {
      limits = { ...limits, ...readBackoff(reader, part.value, `${where}.backoff`, part.keyNode) };
    } else reader.unknownKey(part, where, restartKeys);
  }
  return limits;
}

function readBackoff(
  reader: ManifestReader,
  node: Node | null,
  where: string,
  keyNode: Node,
): Pick<RestartLimits, 'backoffMinMs' | 'backoffMaxMs'> | undefined {
  const text = reader.text(node, where, keyNode);
  if (text === undefined) return undefined;
  const [from = '', to = from, ...rest] = text.split('..');
  try {
    const backoffMinMs = parseDuration(from);
    const backoffMaxMs = parseDuration(to);
    if (rest.length === 0 && backoffMinMs > 0 && backoffMinMs <= backoffMaxMs)
      return { backoffMinMs, backoffMaxMs };
  } catch (error) {
    reader.problem(node, `${where}: ${messageOf(error)}`);
    return undefined;
  }
  reader.problem(node, `${where} is "${text}"; write the shortest and the longest wait, such as 1s..60s`);
  return undefined;
}
