import { bounds } from './bounds.ts';
import { readAddress } from './read-listen.ts';
import type { HealthRules, ProbeRules, ProbeTarget } from './types.ts';
import type { Value } from './value.ts';

type ProgramType = 'service' | 'exec';
type Timing = Omit<ProbeRules, 'target'>;
/** A probe as it is written; what is left out comes from the block around it. */
interface WrittenProbe {
  readonly target: ProbeTarget | undefined;
  readonly timing: Partial<Timing>;
  /** It says what to probe, though perhaps wrongly. */
  readonly hasTarget: boolean;
}

const defaultTiming: Timing = { intervalMs: 30_000, timeoutMs: 5_000, failures: 3, successes: 1, delayMs: 0 };
/** A start is looked at often, and given half a minute. */
const startupTiming: Timing = { ...defaultTiming, intervalMs: 1_000, failures: 30 };

/** A Mainstay service tells how it is by itself; any other program has to be asked in its own way. */
export function defaultHealth(type: ProgramType): HealthRules {
  if (type === 'exec') return { startup: undefined, readiness: undefined, liveness: undefined };
  const heartbeat: ProbeRules = { target: { type: 'heartbeat' }, ...defaultTiming };
  return { startup: undefined, readiness: heartbeat, liveness: heartbeat };
}

/**
 * `none`; a probe, which is liveness and readiness at once; or a map with `startup`, `readiness` and `liveness`, each a
 * probe or `none`. Both together: the probe is what the three fall back to.
 */
export function readHealth(value: Value, type: ProgramType): HealthRules {
  if (value.is('none')) return defaultHealth('exec');
  const kinds: Partial<Record<keyof HealthRules, Value>> = {};
  const shared = readProbe(value, type, {
    startup: (field) => (kinds.startup = field),
    readiness: (field) => (kinds.readiness = field),
    liveness: (field) => (kinds.liveness = field),
  });
  const kind = (name: keyof HealthRules, timing: Timing): ProbeRules | undefined => {
    const field = kinds[name];
    if (field?.is('none')) return undefined;
    if (!field && name === 'startup') return undefined;
    const own = field ? readProbe(field, type) : { target: undefined, timing: {}, hasTarget: false };
    const target = own.target ?? shared.target ?? fallback(type);
    if (target) return { target, ...timing, ...(name === 'startup' ? {} : shared.timing), ...own.timing };
    if (field && !own.hasTarget && !shared.hasTarget) field.refuse(needsTarget);
    return undefined;
  };
  const rules = {
    startup: kind('startup', startupTiming),
    readiness: kind('readiness', defaultTiming),
    liveness: kind('liveness', defaultTiming),
  };
  if (value.isMap && type === 'exec' && !shared.hasTarget && Object.keys(kinds).length === 0)
    value.refuse(needsTarget);
  return rules;
}

const needsTarget = 'needs what to probe: http: URL, tcp: PORT or exec: [COMMAND]';

function fallback(type: ProgramType): ProbeTarget | undefined {
  return type === 'service' ? { type: 'heartbeat' } : undefined;
}

function readProbe(
  value: Value,
  type: ProgramType,
  more: Readonly<Record<string, (field: Value) => void>> = {},
): WrittenProbe {
  const targets: ProbeTarget[] = [];
  const timing: { -readonly [Key in keyof Timing]?: Timing[Key] } = {};
  let kinds = 0;
  const target = (field: Value, found: ProbeTarget | undefined): void => {
    kinds += 1;
    if (kinds > 1) field.refuseKey(`${value.path} has more than one thing to probe; choose one`);
    else if (found) targets.push(found);
  };
  const set = <Key extends keyof Timing>(key: Key, found: Timing[Key] | undefined): void => {
    if (found !== undefined) timing[key] = found;
  };
  value.block({
    http: (field) => target(field, readHttp(field)),
    tcp: (field) => target(field, readTcp(field)),
    exec: (field) => target(field, readExec(field)),
    heartbeat: (field) => target(field, readHeartbeat(field, type)),
    loopDelay: (field) => target(field, readLoopDelay(field, type)),
    interval: (field) => set('intervalMs', field.duration(bounds.probeInterval)),
    timeout: (field) => set('timeoutMs', field.duration(bounds.probeTimeout)),
    failures: (field) => set('failures', field.integer(bounds.probeCount)),
    successes: (field) => set('successes', field.integer(bounds.probeCount)),
    delay: (field) => set('delayMs', field.duration(bounds.probeDelay)),
    ...more,
  });
  return { target: targets[0], timing, hasTarget: kinds > 0 };
}

function readHttp(field: Value): ProbeTarget | undefined {
  const url = readUrl(field, ['http:', 'https:']);
  return url === undefined ? undefined : { type: 'http', url };
}

/** An absolute URL as it is written. */
export function readUrl(field: Value, protocols: readonly string[]): string | undefined {
  const text = field.text();
  if (text === undefined) return undefined;
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url && protocols.includes(url.protocol) && url.hostname !== '') return text;
  const example = `${protocols[0]}//${protocols.includes('http:') ? '127.0.0.1:8080/healthz' : 'mail.example.com:587'}`;
  return field.refuse(`is "${text}"; write a URL such as ${example}`);
}

/** `5432` on loopback, `db.example.com:5432`, `[::1]:5432`. */
function readTcp(field: Value): ProbeTarget | undefined {
  const text = field.text();
  if (text === undefined) return undefined;
  const [, host = '', digits = ''] = /^([A-Za-z0-9_.-]+):(\d{1,5})$/.exec(text) ?? [];
  const port = Number(digits);
  if (/[A-Za-z]/.test(host) && port >= bounds.port.min && port <= bounds.port.max)
    return { type: 'tcp', host, port };
  const address = readAddress(field);
  return address ? { type: 'tcp', ...address } : undefined;
}

function readExec(field: Value): ProbeTarget | undefined {
  const command = field.command();
  return command ? { type: 'exec', command } : undefined;
}

function readHeartbeat(field: Value, type: ProgramType): ProbeTarget | undefined {
  const wanted = field.flag();
  if (wanted === undefined || !isForServices(field, type)) return undefined;
  return wanted ? { type: 'heartbeat' } : field.refuse('is false; for no probe write none');
}

function readLoopDelay(field: Value, type: ProgramType): ProbeTarget | undefined {
  const maxMs = field.duration(bounds.loopDelay);
  return maxMs === undefined || !isForServices(field, type) ? undefined : { type: 'loop-delay', maxMs };
}

function isForServices(field: Value, type: ProgramType): boolean {
  if (type === 'exec')
    field.refuseKey(
      `${field.path} is what a Mainstay service reports; this program needs http, tcp or exec to be probed`,
    );
  return type === 'service';
}
