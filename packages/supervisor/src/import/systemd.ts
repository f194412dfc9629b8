import { splitPosix } from './command-line.ts';
import { block, duration, serviceName, ServiceNotes } from './notes.ts';
import type { ImportedService, YamlValue } from './types.ts';
import { readByteSize, readTimeSpan, readUnitFile, type Directive } from './unit-file.ts';

export interface UnitFile {
  /** `orders.service`. */
  readonly name: string;
  readonly text: string;
  /** Of the socket unit beside it, if there is one. */
  readonly socket: string | undefined;
}

/** Directives that say something which is always so here, or is of systemd's own. */
const silent = new Set(['Description', 'Documentation', 'WantedBy', 'Type', 'Alias']);

/** The program is asked, and then its whole tree is ended (systemd.kill(5)). */
const isOurs = (key: string, value: string): boolean =>
  key === 'KillMode' && (value === 'mixed' || value === 'control-group');

const reasons: Readonly<Record<string, string>> = {
  ExecStartPre: 'make it a service of its own that others depend on with completed',
  ExecStartPost: 'there is no counterpart',
  ExecStopPost: 'there is no counterpart',
  PIDFile: 'the program has to stay in the foreground',
  StandardOutput: 'output is captured to the logs of the agent',
  StandardError: 'output is captured to the logs of the agent',
  SyslogIdentifier: 'lines are tagged with the service',
  WatchdogSec: 'give it health; a Mainstay service has its heartbeat',
  NotifyAccess: 'readiness is told by health',
};

/** A service unit in the keys of the manifest; `known` are the names of the services that are imported with it. */
export function importUnit(unit: UnitFile, known: ReadonlySet<string>): ImportedService {
  const name = serviceName(unit.name.replace(/@?\.service$/, ''), new Set());
  const notes = new ServiceNotes();
  const source = new UnitSource(readUnitFile(unit.text));
  if (unit.name.endsWith('@.service'))
    notes.changed('It is a template: its %i and %I have to be replaced by hand');
  const exec = commandOf(source.all('Service', 'ExecStart'), notes);
  const keys = {
    exec,
    cwd: folderOf(source, notes),
    env: environmentOf(source.all('Service', 'Environment'), notes),
    envFile: envFilesOf(source.all('Service', 'EnvironmentFile'), notes),
    user: source.last('Service', 'User'),
    listen: listenOf(unit.socket, notes),
    restart: restartOf(source, notes),
    stop: stopOf(source, notes),
    reload: reloadOf(source, notes),
    limits: limitsOf(source, notes),
    dependsOn: dependenciesOf(source, known, notes),
  };
  const type = source.last('Service', 'Type');
  if (type === 'forking')
    notes.changed('It was Type=forking: the program has to stay in the foreground; look for its option');
  if (type === 'notify') notes.changed('It was Type=notify: give it health, which tells when it is ready');
  for (const { section, key, value } of source.rest())
    if (!silent.has(key) && !isOurs(key, value))
      notes.dropped(`${section}.${key}`, value, reasons[key] ?? 'there is no counterpart');
  for (const specifier of unit.text.match(/%[A-Za-z]/g) ?? [])
    notes.changed(`${specifier} is a specifier of systemd (systemd.unit(5)); replace it`);
  return { name, keys, notes: [...new Set(notes.notes)] };
}

function folderOf(source: UnitSource, notes: ServiceNotes): string | undefined {
  const folder = source.last('Service', 'WorkingDirectory')?.replace(/^-/, '');
  // systemd's default; the manifest's is its own folder.
  if (folder === undefined) return '/';
  return folder.startsWith('~') ? notes.dropped('WorkingDirectory', folder, 'write the whole path') : folder;
}

/** The directives of a unit, and which of them have been looked at. */
class UnitSource {
  readonly #directives: readonly Directive[];
  readonly #used = new Set<string>();

  constructor(directives: readonly Directive[]) {
    this.#directives = directives;
  }

  /** All values; an empty one takes back those before it (systemd.exec(5)). */
  all(section: string, key: string): readonly string[] {
    this.#used.add(`${section}.${key}`);
    const values = this.#directives.filter((one) => one.section === section && one.key === key);
    return values.reduce<string[]>((sum, { value }) => (value === '' ? [] : [...sum, value]), []);
  }

  last(section: string, key: string): string | undefined {
    return this.all(section, key).at(-1);
  }

  rest(): readonly Directive[] {
    return this.#directives.filter(
      ({ section, key, value }) => !this.#used.has(`${section}.${key}`) && value !== '',
    );
  }
}

/** `ExecStart=`: prefixes (-, @, :, +, !) come off; there is no shell and no expansion. */
function commandOf(lines: readonly string[], notes: ServiceNotes): readonly string[] {
  const [line = '', ...more] = lines;
  for (const other of more) notes.dropped('ExecStart', other, 'a service has one program');
  const [, prefix = '', command = ''] = /^([-@:+!|]*)(.*)$/s.exec(line) ?? [];
  const words = splitPosix(command);
  if (prefix.includes('@')) words.splice(1, 1);
  if (prefix.replace('@', '') !== '') notes.changed(`The prefix ${prefix} of ExecStart was left out`);
  if (/\$\{?[A-Za-z_]/.test(command) && !prefix.includes(':'))
    notes.changed(
      'systemd puts variables into ExecStart, Mainstay does not: write ["sh", "-c", "exec …"] for that',
    );
  return words.map((word) => word.replaceAll('%%', '%').replaceAll('$$', '$'));
}

function environmentOf(lines: readonly string[], notes: ServiceNotes): YamlValue | undefined {
  const env: Record<string, string> = {};
  for (const assignment of lines.flatMap(splitPosix)) {
    const [, name = '', value = ''] = /^([A-Za-z_][A-Za-z0-9_]*)=(.*)$/s.exec(assignment) ?? [];
    if (name === '' || /^(MAINSTAY_|LISTEN_)/.test(name))
      notes.dropped('Environment', assignment.replace(/=.*/s, ''), 'it cannot be a variable here');
    else env[name] = value.replaceAll('%%', '%');
  }
  return block(env);
}

function envFilesOf(lines: readonly string[], notes: ServiceNotes): readonly string[] | undefined {
  if (lines.some((line) => line.startsWith('-')))
    notes.changed(
      'EnvironmentFile=- may be missing to systemd; envFile may not: make the file, or remove the line',
    );
  return lines.length === 0 ? undefined : lines.map((line) => line.replace(/^-/, ''));
}

function listenOf(socket: string | undefined, notes: ServiceNotes): readonly YamlValue[] | undefined {
  if (socket === undefined) return undefined;
  const addresses: string[] = [];
  for (const { section, key, value } of readUnitFile(socket)) {
    if (section !== 'Socket') continue;
    const isTcp = key === 'ListenStream' && /^(\d+|.*:\d+)$/.test(value);
    // A bare port is all addresses to systemd.socket(5).
    if (isTcp) addresses.push(/^\d+$/.test(value) ? `[::]:${value}` : value);
    else
      notes.dropped(
        `Socket.${key}`,
        value,
        key === 'ListenStream' ? 'only TCP ports are opened' : 'there is no counterpart',
      );
  }
  return addresses.length === 0 ? undefined : addresses;
}

function restartOf(source: UnitSource, notes: ServiceNotes): YamlValue | undefined {
  const restart = source.last('Service', 'Restart') ?? 'no';
  const policies: Readonly<Record<string, string>> = {
    no: 'never',
    always: 'always',
    'on-failure': 'on-failure',
  };
  const policy = policies[restart] ?? 'on-failure';
  if (!(restart in policies)) notes.changed(`Restart=${restart} became on-failure, which is the nearest`);
  const delay = spanOf(source, 'Service', 'RestartSec', notes);
  const longest = spanOf(source, 'Service', 'RestartMaxDelaySec', notes);
  const codes = (key: string): readonly number[] | undefined => {
    const words = source.all('Service', key).flatMap((line) => line.split(/\s+/));
    const numbers = words.filter((word) => /^\d+$/.test(word) && Number(word) <= 255).map(Number);
    for (const word of words)
      if (!/^\d+$/.test(word)) notes.dropped(key, word, 'only numbers are taken, no signals and names');
    return numbers.length === 0 ? undefined : numbers;
  };
  const never = codes('RestartPreventExitStatus');
  const good = codes('SuccessExitStatus')?.filter((code) => !never?.includes(code));
  const window =
    spanOf(source, 'Unit', 'StartLimitIntervalSec', notes) ??
    spanOf(source, 'Service', 'StartLimitInterval', notes);
  const starts = source.last('Unit', 'StartLimitBurst') ?? source.last('Service', 'StartLimitBurst');
  const from = delay === undefined ? undefined : duration(delay, { min: 1 });
  return block({
    policy,
    backoff:
      from === undefined || longest === undefined || longest < (delay ?? 0)
        ? from
        : `${from}..${duration(longest)}`,
    crashLoop: block({
      starts: starts === undefined ? undefined : Math.min(1000, Math.max(2, Number(starts) || 5)),
      within: window === undefined || window === 0 ? undefined : duration(window, { min: 1000 }),
    }),
    neverOn: never,
    successOn: good,
  });
}

function spanOf(source: UnitSource, section: string, key: string, notes: ServiceNotes): number | undefined {
  const text = source.last(section, key);
  const span = text === undefined ? undefined : readTimeSpan(text);
  if (text !== undefined && span === undefined) notes.dropped(key, text, 'it is not a bounded time');
  return span;
}

function stopOf(source: UnitSource, notes: ServiceNotes): YamlValue | undefined {
  const signal = source.last('Service', 'KillSignal');
  const commands = source.all('Service', 'ExecStop');
  const grace = spanOf(source, 'Service', 'TimeoutStopSec', notes);
  const usesPid = commands.some((line) => line.includes('MAINPID'));
  const killed = usesPid ? signalOf(commands[0] ?? '') : undefined;
  for (const line of usesPid && killed !== undefined ? [] : commands.slice(usesPid ? 0 : 1))
    notes.dropped(
      'ExecStop',
      line,
      usesPid ? 'Mainstay signals the program itself' : 'there is one command to stop',
    );
  const command = usesPid ? undefined : commands[0] && splitPosix(commands[0].replace(/^[-@:+!]+/, ''));
  const named = killed ?? (signal && `SIG${signal.replace(/^SIG/, '')}`);
  if (command && signal !== undefined)
    notes.dropped('KillSignal', signal, 'a service is asked to end in one way, here by ExecStop');
  return block({
    signal: command ? undefined : named && knownSignal(named, notes),
    command,
    grace: grace === undefined ? undefined : duration(grace, { max: 3_600_000 }),
  });
}

function knownSignal(name: string, notes: ServiceNotes): string | undefined {
  if (/^SIG(TERM|INT|HUP|QUIT|USR1|USR2|ABRT|ALRM|WINCH)$/.test(name)) return name;
  return notes.dropped('KillSignal', name, 'it is not a signal that a program can be asked to end by');
}

/** The signal of `/bin/kill -HUP $MAINPID`. */
function signalOf(line: string): string | undefined {
  const found = /kill\s+(?:-s\s+|-)(?:SIG)?([A-Z0-9]+)\s+\$\{?MAINPID/.exec(line)?.[1];
  const numbers: Readonly<Record<string, string>> = {
    '1': 'HUP',
    '2': 'INT',
    '3': 'QUIT',
    '10': 'USR1',
    '12': 'USR2',
    '15': 'TERM',
  };
  return found === undefined ? undefined : `SIG${numbers[found] ?? found}`;
}

function reloadOf(source: UnitSource, notes: ServiceNotes): string | undefined {
  const lines = source.all('Service', 'ExecReload');
  const signal = lines.map(signalOf).find((one) => one !== undefined);
  for (const line of lines)
    if (signalOf(line) === undefined)
      notes.dropped('ExecReload', line, 'a reload is a signal, or a rolling restart');
  return signal;
}

function limitsOf(source: UnitSource, notes: ServiceNotes): YamlValue | undefined {
  const bytes = (key: string): string | undefined => {
    const text = source.last('Service', key);
    const size = text === undefined || text === 'infinity' ? undefined : readByteSize(text);
    if (size !== undefined && size >= 4 * 1024 ** 2) return `${Math.round(size)}B`;
    if (text !== undefined && text !== 'infinity')
      notes.dropped(key, text, 'it is not a size of 4 MiB or more');
    return undefined;
  };
  const count = (key: string): number | undefined => {
    const text = source.last('Service', key)?.replace(/:.*/, '');
    if (text === undefined || text === 'infinity') return undefined;
    return /^[1-9]\d*$/.test(text)
      ? Math.min(Number(text), 1_048_576)
      : notes.dropped(key, text, 'it is not a number');
  };
  const hard = bytes('MemoryMax') ?? bytes('MemoryLimit');
  const soft = bytes('MemoryHigh');
  const quota = source.last('Service', 'CPUQuota');
  const isQuota = quota === undefined || (/^\d+(\.\d+)?%$/.test(quota) && Number.parseFloat(quota) >= 1);
  if (!isQuota) notes.dropped('CPUQuota', quota, 'it is not per cent of a processor');
  const nice = source.last('Service', 'Nice');
  const level = Number(nice);
  const priority = level >= 15 ? 'idle' : level > 0 ? 'low' : level < 0 ? 'high' : undefined;
  if (nice !== undefined && priority !== undefined)
    notes.changed(`Nice=${nice} became priority: ${priority}`);
  const isBelow = soft === undefined || hard === undefined || Number.parseInt(soft) < Number.parseInt(hard);
  if (!isBelow) notes.dropped('MemoryHigh', soft, 'it is not below MemoryMax');
  else if (soft !== undefined)
    notes.changed(
      'MemoryHigh became the soft bound: above it the agent alerts, asks for memory back, and restarts; systemd slows down',
    );
  return block({
    memory: block({ soft: isBelow ? soft : undefined, hard }),
    cpu: isQuota ? quota : undefined,
    processes: count('TasksMax'),
    openFiles: count('LimitNOFILE'),
    priority,
  });
}

/** Only of services that are imported along; those of the system are there before the agent is. */
function dependenciesOf(
  source: UnitSource,
  known: ReadonlySet<string>,
  notes: ServiceNotes,
): YamlValue | undefined {
  const wanted = new Map<string, string>();
  for (const key of ['Requires', 'BindsTo', 'Wants', 'After', 'Requisite'])
    for (const unit of source.all('Unit', key).flatMap((line) => line.split(/\s+/))) {
      const name = serviceName(unit.replace(/@?\.service$/, ''), new Set());
      if (unit.endsWith('.service') && known.has(name)) wanted.set(name, 'started');
      else if (
        !/^(network|network-online|multi-user|syslog|basic|local-fs|remote-fs|time-sync|nss-lookup|sysinit)\.target$/.test(
          unit,
        )
      )
        notes.dropped(key, unit, 'it is not imported along');
    }
  return block(Object.fromEntries(wanted));
}
