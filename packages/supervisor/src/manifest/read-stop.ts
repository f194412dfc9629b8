import { bounds } from './bounds.ts';
import { readUrl } from './read-health.ts';
import { signals, windowsSignals } from './signals.ts';
import type { StopRules } from './types.ts';
import type { Value } from './value.ts';

export function defaultStop(type: 'service' | 'exec'): StopRules {
  const by =
    type === 'service' ? ({ type: 'ipc' } as const) : ({ type: 'signal', signal: 'SIGTERM' } as const);
  return { by, graceMs: 15_000, reloadSignal: undefined };
}

/** A signal alone, or a map with one way to ask and `grace`. */
export function readStop(value: Value, defaults: StopRules, platform: NodeJS.Platform): StopRules {
  if (!value.isMap) {
    const by = readSignal(value, platform);
    return by ? { ...defaults, by } : defaults;
  }
  let { by, graceMs } = defaults;
  let ways = 0;
  const way = (field: Value, found: StopRules['by'] | undefined): void => {
    ways += 1;
    if (ways > 1) field.refuseKey(`${value.path} has more than one way to ask; choose one`);
    else by = found ?? by;
  };
  value.block({
    signal: (field) => way(field, readSignal(field, platform)),
    stdin: (field) => {
      const text = field.text();
      way(field, text === undefined ? undefined : { type: 'stdin', text });
    },
    command: (field) => {
      const command = field.command();
      way(field, command ? { type: 'command', command } : undefined);
    },
    http: (field) => {
      const url = readUrl(field, ['http:', 'https:']);
      way(field, url === undefined ? undefined : { type: 'http', url });
    },
    window: (field) => {
      if (field.flag() === false) field.refuse('is false; leave it out');
      way(field, { type: 'window' });
    },
    grace: (field) => (graceMs = field.duration(bounds.stopGrace) ?? graceMs),
  });
  return { ...defaults, by, graceMs };
}

function readSignal(value: Value, platform: NodeJS.Platform): StopRules['by'] | undefined {
  const signal = readSignalName(value, platform === 'win32' ? windowsSignals : signals);
  return signal === undefined ? undefined : { type: 'signal', signal };
}

/** A signal alone, or a map with `signal`, or with `order`. */
export function readReload(value: Value, platform: NodeJS.Platform): Partial<StopRules> {
  let rules: Partial<StopRules> = {};
  const signal = (field: Value): void => {
    const reloadSignal =
      platform === 'win32'
        ? field.refuseKey(`${field.path} is a signal, which Windows does not have; leave it out`)
        : readSignalName(field, signals);
    rules = { ...rules, reloadSignal };
  };
  if (!value.isMap) signal(value);
  else
    value.block({
      signal,
      order: (field) => {
        if (value.fields()?.has('signal'))
          field.refuseKey(`${field.path} goes without a signal: with one no process is replaced`);
        rules = { ...rules, reloadOrder: field.oneOf(['stop-first', 'start-first']) };
      },
    });
  return rules;
}

/** `SIGHUP` or `HUP`. */
export function readSignalName(value: Value, known: readonly string[]): string | undefined {
  const text = value.text();
  if (text === undefined) return undefined;
  const name = `SIG${text.toUpperCase().replace(/^SIG/, '')}`;
  if (known.includes(name)) return name;
  const why =
    name === 'SIGKILL'
      ? '; nobody hears it, and it comes by itself after the grace'
      : value.didYouMean(name, known) || `; use ${known.join(', ')}`;
  return value.refuse(`is "${text}"${why}`);
}
