import type { AlertRules, LogStoreRules, Manifest } from './types.ts';

export const defaultAlerts: AlertRules = {
  targets: [],
  on: ['state', 'crash-loop', 'limit', 'probe', 'agent'],
  repeatMs: 3_600_000,
  perMinute: 10,
};

export const defaultLogStore: LogStoreRules = { directory: undefined, totalBytes: 1024 ** 3 };

/** What an agent goes by before anything was applied: no services, and every default. */
export const emptyManifest: Manifest = {
  services: [],
  alerts: defaultAlerts,
  metrics: { listen: undefined },
  logs: defaultLogStore,
};
