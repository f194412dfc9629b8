import { XMLParser } from 'fast-xml-parser';

import { splitWindows } from './command-line.ts';
import { block, duration, serviceName, ServiceNotes } from './notes.ts';
import type { ImportedService, YamlValue } from './types.ts';

type Element = Readonly<Record<string, unknown>>;

const reasons: Readonly<Record<string, string>> = {
  download: 'the agent does not download programs; do it when you deploy',
  serviceaccount: 'name the account with user, where the agent may change it',
  logpath: 'logs are in one folder for all services: logs.directory',
  startmode: 'the agent starts its services, and knows no such start',
  delayedAutoStart: 'it goes with the service of the agent',
  beeponshutdown: 'there is no counterpart',
  prestart: 'make it a service of its own that others depend on with completed',
  poststart: 'there is no counterpart',
  prestop: 'there is no counterpart',
  poststop: 'there is no counterpart',
  sharedDirectoryMapping: 'there is no counterpart',
  extensions: 'there are no extensions',
  preshutdown: 'it goes with the service of the agent',
  hidewindow: 'a service has no window',
  interactive: 'a service has no desktop',
  securityDescriptor: 'the socket of the agent is open to its owner alone',
  stopparentprocessfirst: 'the program is asked first, and then the whole tree ends',
};

/**
 * A service of WinSW: the XML of versions 2 and 3. `known` are the names imported along, `folder` is the file's. Throws for
 * what is no XML.
 */
export function importWinsw(text: string, known: ReadonlySet<string>, folder: string): ImportedService {
  const parser = new XMLParser({
    ignoreAttributes: false,
    attributeNamePrefix: '@',
    parseTagValue: false,
    parseAttributeValue: false,
    isArray: (tag) => ['env', 'onfailure', 'depend', 'argument', 'download'].includes(tag),
  });
  const root = parser.parse(text.replace(/^\uFEFF/, '')) as { service?: Element };
  if (typeof root.service !== 'object')
    throw new Error('There is no <service> element; it is not a configuration of WinSW');
  const source = root.service;
  const notes = new ServiceNotes();
  // The folder of the file is where it runs, unless it says otherwise: then only the whole path leads there.
  const base = textOf(source.workingdirectory) === undefined ? '.' : folder;
  const placed = (text: string | undefined): string | undefined => text?.replaceAll(/%BASE%/gi, () => base);
  const used = new Set([
    'id',
    'name',
    'description',
    'executable',
    'arguments',
    'argument',
    'startarguments',
    'startargument',
  ]);
  const take = (key: string): string | undefined => {
    used.add(key);
    return placed(textOf(source[key]));
  };
  const id = textOf(source.id) ?? textOf(source.name) ?? 'service';
  const name = serviceName(id, new Set());
  if (name !== id) notes.changed(`It was called ${JSON.stringify(id)}`);
  const executable = placed(textOf(source.executable)) ?? '';
  if (executable === '') notes.changed('It has no executable; write the program into exec');
  const args = placed(textOf(source.startarguments) ?? textOf(source.arguments)) ?? '';
  const items = [source.argument, source.startargument].flat().flatMap((one) => placed(textOf(one)) ?? []);
  const grace = readSpan(take('stoptimeout'));
  const keys = {
    exec: [executable, ...splitWindows(args), ...items],
    cwd: workingDirectory(source, used),
    env: environmentOf(source, used, notes, placed),
    restart: restartOf(source, used, notes),
    stop: block({
      command: stopCommand(take, executable),
      grace: grace && duration(grace, { max: 3_600_000 }),
    }),
    limits: block({ priority: priorityOf(take('priority'), notes) }),
    logs: logsOf(source, used, notes),
    dependsOn: dependenciesOf(source, used, known, notes),
    autoStart: autoStartOf(source, used),
  };
  for (const [key, value] of Object.entries(source))
    if (!used.has(key) && !key.startsWith('#') && !key.startsWith('?'))
      // An account has its password in it.
      notes.dropped(
        key,
        key === 'serviceaccount' ? undefined : value,
        reasons[key] ?? 'there is no counterpart',
      );
  if (/%[A-Za-z_]+%/.test(JSON.stringify(keys)))
    notes.changed('Windows replaces %NAME%, Mainstay ${NAME}: replace these by hand');
  return { name, keys, notes: notes.notes };
}

/** WinSW's Automatic is ours. Undefined: what there is stays to be noted, or there is nothing to say. */
function autoStartOf(source: Element, used: Set<string>): boolean | undefined {
  const mode = textOf(source.startmode)?.toLowerCase();
  if (mode === 'automatic' || mode === 'manual' || mode === 'disabled') used.add('startmode');
  return mode === 'manual' || mode === 'disabled' ? false : undefined;
}

/** Here `%BASE%` is the manifest's folder, from which it starts. */
function workingDirectory(source: Element, used: Set<string>): string | undefined {
  used.add('workingdirectory');
  return textOf(source.workingdirectory)?.replaceAll(/%BASE%/gi, '.');
}

/** Of an element with or without attributes. */
function textOf(value: unknown): string | undefined {
  const text = typeof value === 'object' && value !== null ? (value as Element)['#text'] : value;
  return typeof text === 'string' && text.trim() !== '' ? text.trim() : undefined;
}

function listOf(value: unknown): readonly unknown[] {
  return value === undefined ? [] : Array.isArray(value) ? value : [value];
}

function attribute(value: unknown, name: string): string | undefined {
  return typeof value === 'object' && value !== null ? textOf((value as Element)[`@${name}`]) : undefined;
}

function environmentOf(
  source: Element,
  used: Set<string>,
  notes: ServiceNotes,
  placed: (text: string | undefined) => string | undefined,
): YamlValue | undefined {
  used.add('env');
  const env: Record<string, string> = {};
  for (const element of listOf(source.env)) {
    const name = attribute(element, 'name') ?? '';
    if (/^[A-Za-z_][A-Za-z0-9_]*$/.test(name) && !/^(MAINSTAY_|LISTEN_)/.test(name))
      env[name] = placed(attribute(element, 'value')) ?? '';
    else notes.dropped('env', name, 'it cannot be the name of a variable here');
  }
  return block(env);
}

/** `onfailure` elements are the first, second … failure; the last one stays (SERVICE_FAILURE_ACTIONS). */
function restartOf(source: Element, used: Set<string>, notes: ServiceNotes): YamlValue | undefined {
  used.add('onfailure');
  used.add('resetfailure');
  const actions = listOf(source.onfailure);
  const restarts = actions.filter((one) => attribute(one, 'action') === 'restart');
  for (const one of actions) {
    const action = attribute(one, 'action');
    if (action === 'reboot') notes.dropped('onfailure', action, 'the agent does not restart the machine');
  }
  // WinSW without onfailure: the service manager does nothing.
  if (restarts.length === 0) return { policy: 'never' };
  if (attribute(actions.at(-1), 'action') === 'none')
    notes.changed('After its failures WinSW gave up; Mainstay parks the service and tries again slowly');
  const delays = restarts.map((one) => readSpan(attribute(one, 'delay')) ?? 0).toSorted((a, b) => a - b);
  const [from = 0, to = from] = [delays[0], delays.at(-1)];
  const reset = readSpan(textOf(source.resetfailure));
  const backoff =
    to === 0 ? undefined : from === to ? duration(to) : `${duration(from, { min: 1 })}..${duration(to)}`;
  return block({ policy: 'on-failure', backoff, stable: reset === undefined ? undefined : duration(reset) });
}

/** `15 sec`, `1 hour`; a bare number is milliseconds. */
function readSpan(text: string | undefined): number | undefined {
  const [, digits, unit = 'ms'] = /^(\d+)\s*([a-z]+)?$/i.exec(text ?? '') ?? [];
  const factors: readonly (readonly [RegExp, number])[] = [
    [/^(ms|msec|msecs|millisecond|milliseconds)$/i, 1],
    [/^(s|sec|secs|second|seconds)$/i, 1000],
    [/^(m|min|mins|minute|minutes)$/i, 60_000],
    [/^(h|hr|hrs|hour|hours)$/i, 3_600_000],
    [/^(d|day|days)$/i, 86_400_000],
  ];
  const factor = factors.find(([pattern]) => pattern.test(unit))?.[1];
  return digits === undefined || factor === undefined ? undefined : Number(digits) * factor;
}

function stopCommand(
  take: (key: string) => string | undefined,
  executable: string,
): readonly string[] | undefined {
  const [program, args] = [take('stopexecutable'), take('stoparguments')];
  if (program === undefined && args === undefined) return undefined;
  return [program ?? executable, ...splitWindows(args ?? '')];
}

function priorityOf(text: string | undefined, notes: ServiceNotes): string | undefined {
  if (text === undefined || text.toLowerCase() === 'normal') return undefined;
  const names: Readonly<Record<string, string>> = {
    idle: 'idle',
    belownormal: 'low',
    abovenormal: 'high',
    high: 'high',
  };
  const found = names[text.toLowerCase()];
  if (found === undefined) notes.dropped('priority', text, 'use idle, low, normal or high');
  return found;
}

function logsOf(source: Element, used: Set<string>, notes: ServiceNotes): YamlValue | undefined {
  used.add('log');
  used.add('logmode');
  const log = source.log;
  const mode = attribute(log, 'mode') ?? textOf(source.logmode);
  const inner = typeof log === 'object' && log !== null ? (log as Element) : {};
  const size = Number(textOf(inner.sizeThreshold) ?? Number.NaN);
  const keep = Number(textOf(inner.keepFiles) ?? Number.NaN);
  if (mode !== undefined && !mode.startsWith('roll-by-size'))
    notes.dropped('log mode', mode, 'logs are always captured, and rotated by size and age');
  return block({
    // sizeThreshold is in KB of 1024 bytes; 10 MB and 8 files are WinSW's defaults as well.
    rotate: size >= 64 ? `${Math.min(size, 1024 ** 3)}KiB` : undefined,
    keep: keep >= 0 && keep <= 10_000 ? keep : undefined,
  });
}

function dependenciesOf(
  source: Element,
  used: Set<string>,
  known: ReadonlySet<string>,
  notes: ServiceNotes,
): readonly string[] | undefined {
  used.add('depend');
  const names = listOf(source.depend).flatMap((one) => textOf(one) ?? []);
  const found = names.map((one) => serviceName(one, new Set())).filter((one) => known.has(one));
  for (const one of names)
    if (!known.has(serviceName(one, new Set())))
      notes.dropped('depend', one, 'it is not imported along; give the service of the agent this dependency');
  return found.length === 0 ? undefined : [...new Set(found)];
}
