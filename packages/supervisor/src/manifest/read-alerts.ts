import { bounds } from './bounds.ts';
import { defaultAlerts } from './empty.ts';
import { readUrl } from './read-health.ts';
import type { AlertKind, AlertRules, AlertTarget } from './types.ts';
import type { Value } from './value.ts';

const alertKinds = ['state', 'crash-loop', 'limit', 'probe', 'agent'] as const satisfies readonly AlertKind[];

export function readAlerts(value: Value): AlertRules {
  let { targets, on, repeatMs, perMinute } = defaultAlerts;
  let hasTargets = false;
  const read = value.block({
    to: (field) => {
      hasTargets = true;
      targets = field.oneOrMore().flatMap((item) => readTarget(item) ?? []);
    },
    on: (field) => {
      const words = field.oneOrMore().flatMap((item) => item.oneOf(alertKinds) ?? []);
      on = alertKinds.filter((kind) => words.includes(kind));
    },
    repeat: (field) => (repeatMs = field.duration(bounds.alertRepeat) ?? repeatMs),
    perMinute: (field) => (perMinute = field.integer(bounds.alertsPerMinute) ?? perMinute),
  });
  if (read && !hasTargets)
    value.refuse('needs "to": a list of { webhook: URL }, { smtp: URL, from, to } or { command: [...] }');
  return { targets, on, repeatMs, perMinute };
}

function readTarget(value: Value): AlertTarget | undefined {
  let webhook: string | undefined;
  let smtp: string | undefined;
  let command: readonly string[] | undefined;
  let headers: Record<string, string> | undefined;
  let from: string | undefined;
  let to: readonly string[] | undefined;
  const kinds: string[] = [];
  const read = value.block({
    webhook: (field) => {
      kinds.push('webhook');
      webhook = readUrl(field, ['https:', 'http:']);
    },
    headers: (field) => (headers = readHeaders(field)),
    smtp: (field) => {
      kinds.push('smtp');
      smtp = readUrl(field, ['smtps:', 'smtp:']);
    },
    from: (field) => (from = readMailAddress(field)),
    to: (field) => (to = field.oneOrMore().flatMap((item) => readMailAddress(item) ?? [])),
    command: (field) => {
      kinds.push('command');
      command = field.command();
    },
  });
  if (!read) return undefined;
  if (kinds.length !== 1)
    return value.refuse(
      `needs exactly one of webhook, smtp and command${kinds.length > 1 ? '; make two items' : ''}`,
    );
  if (kinds[0] !== 'webhook' && headers) return value.refuse('has headers, which only a webhook has');
  if (kinds[0] !== 'smtp' && (from !== undefined || to))
    return value.refuse('has from or to, which only e-mail (smtp) has');
  if (webhook !== undefined) return { type: 'webhook', url: webhook, headers: headers ?? {} };
  if (command) return { type: 'command', command };
  if (smtp === undefined) return undefined;
  if (from === undefined || !to || to.length === 0)
    return value.refuse('needs from and to, the e-mail addresses');
  return { type: 'smtp', url: smtp, from, to };
}

function readHeaders(value: Value): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const [name, field] of value.fields() ?? []) {
    // RFC 9110, section 5.6.2: token; 5.5: field values hold no line ends.
    if (!/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(name))
      field.refuseKey(`"${name}" cannot be the name of a header`);
    const text = field.text({ mayBeEmpty: true });
    if (text !== undefined && /[\r\n]/.test(text)) field.refuse('holds a line end');
    else if (text !== undefined) headers[name] = text;
  }
  return headers;
}

function readMailAddress(value: Value): string | undefined {
  const text = value.text();
  if (text === undefined || /^[^\s@<>]+@[^\s@<>]+$|^[^<>\r\n]*<[^\s@<>]+@[^\s@<>]+>$/.test(text)) return text;
  return value.refuse(`is "${text}"; write an e-mail address`);
}
