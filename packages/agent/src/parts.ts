import type { ServiceScope } from '@mainstay/core';
import { createProber, openLogStore, Supervisor } from '@mainstay/supervisor';

import type { AgentParts } from './parts/types.ts';

export const defaultParts: AgentParts = {
  async openProcessRunner(context) {
    const { openProcessRunner } = await import('./parts/process-runner.ts');
    return openProcessRunner(context);
  },
  async openNativeRunner(context) {
    const { openNativeRunner } = await import('./parts/native-runner.ts');
    return openNativeRunner(context, scopeOf());
  },
  openLogStore({ clock, log }, options) {
    return openLogStore({ ...options, clock, log });
  },
  createProber({ clock, environment }) {
    return createProber({ clock, environment });
  },
  createSupervisor: (options) => new Supervisor(options),
  async hostProblems(context, question) {
    const { hostProblems } = await import('./parts/host-problems.ts');
    return hostProblems(context, question);
  },
};

/** Root's agent asks the machine's manager, anybody else's the user's own. */
function scopeOf(): ServiceScope {
  return process.platform === 'win32' || process.geteuid?.() === 0 ? 'system' : 'user';
}
