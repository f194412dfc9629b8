import { isAbsolute, join } from 'node:path';

import { splitPosix } from './command-line.ts';
import { block, duration, serviceName, ServiceNotes } from './notes.ts';
import type { Imported, ImportedService, YamlValue } from './types.ts';

export interface Pm2Options {
  /** Folder of the ecosystem file, which relative paths start from. */
  readonly folder: string;
  /** `production` for `env_production`. */
  readonly env: string | undefined;
  /** Processors, for `instances: max`. */
  readonly cores: number;
}

type App = Readonly<Record<string, unknown>>;

/** Interpreters by the ending of the script, as pm2 has them (lib/API/interpreter.json). */
const interpreters: Readonly<Record<string, string>> = {
  '.sh': 'bash',
  '.py': 'python',
  '.rb': 'ruby',
  '.php': 'php',
  '.pl': 'perl',
};

/** Why a key of pm2 has no counterpart. Keys that are neither here nor carried over are noted too. */
const reasons: Readonly<Record<string, string>> = {
  watch: 'restarts for changed files belong to development; deploy, then use mainstay restart or reload',
  ignore_watch: 'there is no watch',
  watch_delay: 'there is no watch',
  out_file: 'output is captured to the logs of the agent; read it with mainstay logs',
  error_file: 'output is captured to the logs of the agent; read it with mainstay logs',
  output: 'output is captured to the logs of the agent; read it with mainstay logs',
  error: 'output is captured to the logs of the agent; read it with mainstay logs',
  log_file: 'output is captured to the logs of the agent; read it with mainstay logs',
  log_date_format: 'each line is stored with its time',
  time: 'each line is stored with its time',
  merge_logs: 'lines are tagged with their instance, and shown together',
  combine_logs: 'lines are tagged with their instance, and shown together',
  log_type: 'JSON lines are recognised as they are',
  pid_file: 'the agent holds its processes itself; mainstay ps shows the ids',
  wait_ready: 'give it health with a startup probe, or make it a Mainstay service',
  listen_timeout: 'give it health with a startup probe',
  increment_var: 'each instance has MAINSTAY_INSTANCE in its environment',
  instance_var: 'each instance has MAINSTAY_INSTANCE in its environment',
  shutdown_with_message: 'the program is asked to end by its stop rules',
  treekill: 'the whole tree always ends',
  source_map_support: 'pass --enable-source-maps to node',
  vizion: 'the agent reads no version control',
  post_update: 'the agent does not deploy',
  force: 'there is nothing to force',
  automation: 'it is for pm2 itself',
  pmx: 'it is for pm2 itself',
  namespace: 'there are no namespaces',
  filter_env: 'the environment of the agent is passed on as a whole',
};

/** Apps of an ecosystem file that has been read: `{ apps: […] }`, a list of apps, or one. */
export function importEcosystem(value: unknown, options: Pm2Options): Imported {
  const apps = isRecord(value) && 'apps' in value ? value.apps : value;
  const list = (Array.isArray(apps) ? apps : [apps]).filter(isRecord);
  const taken = new Set<string>();
  const services = list.map((app) => {
    const service = importApp(app, options, taken);
    taken.add(service.name);
    return service;
  });
  return { services };
}

function importApp(app: App, options: Pm2Options, taken: ReadonlySet<string>): ImportedService {
  const notes = new ServiceNotes();
  const used = new Set(['name', 'script', 'args', 'cwd', 'interpreter', 'exec_interpreter', 'exec_mode']);
  const take = (...keys: readonly string[]): unknown => {
    for (const key of keys) used.add(key);
    return keys.map((key) => app[key]).find((value) => value !== undefined);
  };
  const given = textOf(app.name) ?? textOf(app.script) ?? 'service';
  const name = serviceName(given.replace(/^.*[/\\]/, '').replace(/\.\w+$/, ''), taken);
  if (textOf(app.name) !== undefined && name !== app.name)
    notes.changed(`It was called ${JSON.stringify(app.name)}`);
  const nodeArgs = take('node_args', 'interpreter_args', 'exec_interpreter_args');
  const keys = {
    exec: commandOf(app, words(nodeArgs), notes, textOf(app.cwd) ?? options.folder),
    cwd: textOf(app.cwd),
    env: envOf(app, take('env'), options.env, notes, used),
    user: textOf(take('user', 'uid')),
    instances: instancesOf(take('instances'), options, notes),
    restart: restartOf(take, notes),
    stop: block({ signal: undefined, grace: milliseconds(take('kill_timeout')) }),
    limits: block({ memory: memoryOf(take('max_memory_restart'), notes) }),
  };
  if (
    app.exec_mode !== undefined &&
    !shown(app.exec_mode).startsWith('cluster') &&
    keys.instances !== undefined
  )
    notes.changed('Its instances run in fork mode: each needs a port of its own');
  for (const [key, value] of Object.entries(app))
    if (!used.has(key)) {
      if (value === undefined || value === null || value === false) continue;
      notes.dropped(key, value, reasons[key] ?? 'there is no counterpart');
    }
  return { name, keys, notes: notes.notes };
}

function commandOf(
  app: App,
  nodeArgs: readonly string[],
  notes: ServiceNotes,
  folder: string,
): readonly string[] {
  const line = textOf(app.script) ?? '';
  if (isShellLine(line)) {
    notes.changed(
      'Its script is a line for a shell: the agent asks the shell to end, then ends the whole tree',
    );
    if (app.args !== undefined) notes.dropped('args', app.args, 'pm2 gives a line for a shell none');
    return ['bash', '-c', line];
  }
  const [script = '', ...scriptArgs] = splitScript(line);
  const args = [...scriptArgs, ...words(app.args)];
  if (script === '') notes.changed('It has no script; write the program into exec');
  const ending = /\.\w+$/.exec(script)?.[0] ?? '';
  const isNode = /^\.[cm]?[jt]sx?$/.test(ending);
  const interpreter =
    textOf(app.interpreter ?? app.exec_interpreter) ?? (isNode ? 'node' : interpreters[ending]);
  if (interpreter !== undefined && interpreter !== 'none') return [interpreter, ...nodeArgs, script, ...args];
  if (nodeArgs.length > 0) notes.dropped('node_args', nodeArgs, 'it is not run by Node');
  // Without an interpreter pm2 looks beside the file first, then on PATH.
  const isHere = /[/\\]/.test(script) || isAbsolute(script) || ending !== '';
  return [
    isHere && !isAbsolute(script) && !script.startsWith('.')
      ? `./${script}`
      : script || join(folder, 'program'),
    ...args,
  ];
}

/** What pm2 gives to `bash -c` (lib/Common.js, verifyConfs), as far as only a shell can read it. */
function isShellLine(script: string): boolean {
  return /\s/.test(script) && /[&|;<>`$]/.test(script);
}

/** pm2 takes `npm start` as a script too; a path with spaces in it has a folder. */
function splitScript(script: string): readonly string[] {
  return /[/\\]/.test(script) ? [script] : splitPosix(script);
}

function words(value: unknown): readonly string[] {
  if (Array.isArray(value)) return value.map(String);
  return typeof value === 'string'
    ? splitPosix(value)
    : value === undefined || value === null
      ? []
      : [shown(value)];
}

function envOf(
  app: App,
  base: unknown,
  profile: string | undefined,
  notes: ServiceNotes,
  used: Set<string>,
): Readonly<Record<string, YamlValue>> | undefined {
  let env = isRecord(base) ? base : {};
  for (const key of Object.keys(app).filter((one) => one.startsWith('env_'))) {
    used.add(key);
    const values = app[key];
    if (key === `env_${profile}` && isRecord(values)) env = { ...env, ...values };
    else notes.dropped(key, undefined, `use --env ${key.slice(4)} to take it`);
  }
  const set: Record<string, string> = {};
  for (const [name, value] of Object.entries(env)) {
    if (value === undefined || value === null) continue;
    if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name) || /^(MAINSTAY_|LISTEN_)/.test(name))
      notes.dropped(`env.${name}`, undefined, 'it cannot be the name of a variable here');
    else set[name] = shown(value);
  }
  return block(set);
}

function instancesOf(value: unknown, { cores }: Pm2Options, notes: ServiceNotes): number | undefined {
  if (value === undefined || value === null) return undefined;
  const number = value === 'max' ? 0 : Number(value);
  if (!Number.isInteger(number)) return notes.dropped('instances', value, 'it is not a number');
  // pm2: 0 and max are one for each processor, negative ones that many fewer.
  const count = number > 0 ? number : Math.max(1, cores + number);
  if (number <= 0)
    notes.changed(`instances: ${shown(value)} became ${count}, by the ${cores} processors of this machine`);
  return Math.min(1000, count) === 1 ? undefined : Math.min(1000, count);
}

function restartOf(take: (...keys: string[]) => unknown, notes: ServiceNotes): YamlValue | undefined {
  const autorestart = take('autorestart');
  const delay = Number(take('restart_delay') ?? 0);
  const exponential = Number(take('exp_backoff_restart_delay') ?? 0);
  const starts = take('max_restarts');
  const uptime = milliseconds(take('min_uptime'));
  const codes = [take('stop_exit_codes') ?? []]
    .flat()
    .map(Number)
    .filter((code) => code >= 0 && code <= 255);
  // pm2 lets exponential delays grow up to 15 s (lib/God.js).
  const backoff =
    exponential > 0
      ? `${duration(Math.min(exponential, 15_000), { min: 1 })}..15s`
      : delay > 0
        ? duration(delay, { min: 1 })
        : undefined;
  if (starts !== undefined)
    notes.changed(
      'max_restarts counts quick ends in a row in pm2; here it is starts within a minute, then a slow retry',
    );
  const schedule = take('cron_restart', 'cron');
  const fields = typeof schedule === 'string' ? schedule.trim().split(/\s+/) : [];
  if (fields.length === 6) notes.changed('The seconds of cron_restart were left out');
  return block({
    policy: autorestart === false ? 'never' : undefined,
    backoff,
    stable: uptime,
    crashLoop:
      starts === undefined ? undefined : { starts: Math.min(1000, Math.max(2, Number(starts) || 5)) },
    neverOn: codes.length > 0 ? codes : undefined,
    schedule: fields.length === 5 || fields.length === 6 ? fields.slice(-5).join(' ') : undefined,
  });
}

/** A number, or `1h`, `10s` as pm2 takes them. */
function milliseconds(value: unknown): string | undefined {
  const [, digits = '', unit = ''] = /^(\d+)\s*(ms|s|m|h)?$/.exec(shown(value)) ?? [];
  const factor = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 }[unit] ?? 1;
  return digits === '' ? undefined : duration(Number(digits) * factor, { max: 3_600_000 });
}

/** pm2 restarts above it: the soft bound. Its units are binary (lib/tools/Common: `K`, `M`, `G`). */
function memoryOf(value: unknown, notes: ServiceNotes): YamlValue | undefined {
  if (value === undefined || value === null) return undefined;
  const [, digits = '', unit = ''] = /^(\d+(?:\.\d+)?)\s*([KMG])?B?$/i.exec(shown(value)) ?? [];
  const bytes = Number(digits) * 1024 ** ' KMG'.indexOf(unit === '' ? ' ' : unit.toUpperCase());
  if (digits === '' || bytes < 4 * 1024 ** 2)
    return notes.dropped('max_memory_restart', value, 'a bound below 4 MiB is not taken');
  return { soft: unit === '' ? `${bytes}B` : `${digits}${unit.toUpperCase()}iB` };
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== ''
    ? value
    : typeof value === 'number'
      ? String(value)
      : undefined;
}

/** As it stands in the file. */
function shown(value: unknown): string {
  return typeof value === 'string' ? value : (JSON.stringify(value) ?? '');
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
