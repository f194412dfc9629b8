import type {
  Dependency,
  HealthRules,
  ListenDeclaration,
  LogRules,
  Manifest,
  ProbeRules,
  ResourceLimits,
  RestartRules,
  ServiceDeclaration,
  StopRules,
} from '@mainstay/supervisor';

import { flag, list, number, object, oneOf, optional, record, text, variants, type Shape } from './shape.ts';

/** One shape for each key of a type: a key that is added there is missing here until it gets one. */
type ShapesOf<Type> = { readonly [Key in keyof Required<Type>]: Shape };

/** Longest time that a timer takes: 2^31 − 1 ms, about 25 days (Node's setTimeout, `TIMEOUT_MAX`). */
const duration = number({ min: 0, max: 2 ** 31 - 1 });
const positiveDuration = number({ min: 1, max: 2 ** 31 - 1 });
const bytes = number({ min: 1, max: Number.MAX_SAFE_INTEGER });
const count = (max: number): Shape => number({ min: 1, max });
const port = number({ min: 1, max: 65_535 });
const exitCode = number({ min: 0, max: 0xffff_ffff });
const path = text({ minLength: 1, maxLength: 4096 });
const words = list(text());
const command = list(text(), { min: 1 });
const url = text({ pattern: /^[a-z][a-z0-9+.-]*:\/\//i, wants: 'has to be a URL' });

const serviceName = text({
  // The rules of serviceNameProblem (core), which says more of what is wrong.
  pattern: /^(?!(?:con|prn|aux|nul|com\d|lpt\d)(?:\.|$))[a-z0-9](?:[a-z0-9._-]*[a-z0-9_-])?$/,
  maxLength: 80,
  wants:
    'use lower-case letters, digits, dots (not at the end), dashes and underscores, and no name of a device on Windows',
});

/** What environ(7) can hold; the name without `=`. */
const environment = record(text(), { pattern: /^[^=]+$/, wants: 'may not be empty or hold "="' });

const probe = object({
  target: variants({
    http: { url },
    tcp: { host: text({ minLength: 1 }), port },
    exec: { command },
    heartbeat: {},
    'loop-delay': { maxMs: number({ min: 0, max: 2 ** 31 - 1, whole: false }) },
  }),
  intervalMs: positiveDuration,
  timeoutMs: positiveDuration,
  failures: count(1_000_000),
  successes: count(1_000_000),
  delayMs: duration,
} satisfies ShapesOf<ProbeRules>);

const signal = text({ pattern: /^SIG[A-Z0-9+]+$/, wants: 'has to be the name of a signal, such as SIGTERM' });

const stop = object({
  by: variants({
    ipc: {},
    signal: { signal },
    stdin: { text: text() },
    command: { command },
    http: { url },
    window: {},
  }),
  graceMs: duration,
  reloadSignal: optional(signal),
  reloadOrder: optional(oneOf('stop-first', 'start-first')),
} satisfies ShapesOf<StopRules>);

const restart = object({
  policy: oneOf('always', 'on-failure', 'never'),
  backoffMinMs: duration,
  backoffMaxMs: duration,
  stableMs: duration,
  crashLoopStarts: count(1_000_000),
  crashLoopWindowMs: duration,
  parkedRetryMs: duration,
  neverOn: list(exitCode, { max: 256 }),
  successOn: list(exitCode, { max: 256 }),
  schedule: optional(text({ minLength: 1, maxLength: 256 })),
} satisfies ShapesOf<RestartRules>);

const limits = object({
  memorySoftBytes: optional(bytes),
  memoryHardBytes: optional(bytes),
  reclaimMs: duration,
  cpuPercent: optional(number({ min: 0.01, max: 1_000_000, whole: false })),
  processes: optional(count(10_000_000)),
  openFiles: optional(count(1_000_000_000)),
  openFilesAlertShare: number({ min: 0, max: 1, whole: false }),
  priority: optional(oneOf('idle', 'low', 'normal', 'high')),
} satisfies ShapesOf<ResourceLimits>);

const service = object({
  name: serviceName,
  program: variants({
    service: { command: path, args: words, source: path },
    exec: { command: path, args: words },
  }),
  cwd: path,
  env: environment,
  user: optional(text({ minLength: 1, maxLength: 256 })),
  runner: oneOf('process', 'native'),
  instances: number({ min: 0, max: 1024 }),
  listen: list(
    object({
      name: text({ pattern: /^[A-Za-z0-9-]+$/, maxLength: 255, wants: 'use letters, digits and dashes' }),
      host: text({ minLength: 1, maxLength: 255 }),
      port: number({ min: 0, max: 65_535 }),
    } satisfies ShapesOf<ListenDeclaration>),
    { max: 64 },
  ),
  health: object({
    startup: optional(probe),
    readiness: optional(probe),
    liveness: optional(probe),
  } satisfies ShapesOf<HealthRules>),
  restart,
  stop,
  limits,
  logs: object({
    rotateBytes: bytes,
    rotateAgeMs: optional(positiveDuration),
    keep: number({ min: 0, max: 100_000 }),
    compress: flag,
  } satisfies ShapesOf<LogRules>),
  dependsOn: list(
    object({
      service: serviceName,
      condition: oneOf('started', 'healthy', 'completed'),
    } satisfies ShapesOf<Dependency>),
  ),
  autoStart: flag,
} satisfies ShapesOf<ServiceDeclaration>);

export const manifestShape = object({
  services: list(service, { max: 2000 }),
  alerts: object({
    targets: list(
      variants({
        webhook: { url, headers: record(text(), { minLength: 1 }) },
        smtp: { url, from: text({ minLength: 1 }), to: list(text({ minLength: 1 }), { min: 1, max: 100 }) },
        command: { command },
      }),
      { max: 100 },
    ),
    on: list(oneOf('state', 'crash-loop', 'limit', 'probe', 'agent')),
    repeatMs: duration,
    perMinute: count(1_000_000),
  }),
  metrics: object({
    listen: optional(
      object({ host: text({ minLength: 1, maxLength: 255 }), port: number({ min: 0, max: 65_535 }) }),
    ),
  }),
  logs: object({ directory: optional(path), totalBytes: bytes }),
} satisfies ShapesOf<Manifest>);
