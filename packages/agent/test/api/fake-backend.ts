import { defineErrors } from '@mainstay/core';
import type { LogLine, Plan, SupervisorEvent } from '@mainstay/supervisor';

import type { AgentBackend, AgentInfo, ServiceDetail } from '../../src/api/types.ts';
import { readManifest } from '../../src/manifest/read-manifest.ts';
import { declaration } from '../fixtures.ts';

const errors = defineErrors('fake', {
  SUPERVISOR_UNKNOWN_SERVICE: { kind: 'operator', summary: 'Unknown', action: 'Name another' },
});

const info: AgentInfo = {
  id: 'fake',
  version: '1.2.3',
  pid: process.pid,
  startedAt: 1,
  nodeVersion: process.version,
  platform: process.platform,
  directories: { state: '/s', runtime: '/r', logs: '/l' },
  containment: 'process-group',
  appliedAt: undefined,
  services: 0,
  rssBytes: 1,
  runners: {},
  listens: [],
};

/** Stands behind the API in tests of the transport: says what it was asked. */
export class FakeBackend implements AgentBackend {
  readonly calls: unknown[][] = [];
  readonly watchers = new Set<(event: SupervisorEvent) => void>();
  /** How many lines `logs` has been asked for so far. */
  linesTaken = 0;
  openLogs = 0;
  lines = 3;
  plans: Plan = { changes: [], settings: [] };

  info(): AgentInfo {
    return info;
  }

  async testAlerts(): ReturnType<AgentBackend['testAlerts']> {
    this.calls.push(['testAlerts']);
    return [{ target: 'webhook', problem: undefined }];
  }

  views(): readonly [] {
    return [];
  }

  detail(name: string): ServiceDetail {
    if (name !== 'known é')
      throw errors.error('SUPERVISOR_UNKNOWN_SERVICE', `There is no service ${name}`, {
        exitCode: 2,
        details: { name },
      });
    return {
      declaration: declaration('known'),
      service: { name, runner: 'process', state: 'running', instances: [], wanted: 1, waitsFor: [] },
    };
  }

  why(name: string): readonly [] {
    this.calls.push(['why', name]);
    return [];
  }

  async plan(manifest: unknown): Promise<Plan> {
    readManifest(manifest);
    return this.plans;
  }

  async apply(manifest: unknown): Promise<Plan> {
    this.calls.push(['apply', readManifest(manifest)]);
    return this.plans;
  }

  async act(...args: readonly [action: string, services: readonly string[]]): Promise<void> {
    this.calls.push(['act', ...args]);
  }

  async scale(...args: readonly [service: string, instances: number]): Promise<void> {
    this.calls.push(['scale', ...args]);
  }

  async *logs({
    signal,
    ...query
  }: Parameters<AgentBackend['logs']>[0]): AsyncGenerator<LogLine, void, void> {
    this.calls.push(['logs', query]);
    this.openLogs += 1;
    const text = 'x'.repeat(1000);
    try {
      for (let at = 0; at < this.lines; at += 1) {
        if (signal?.aborted) return;
        this.linesTaken += 1;
        yield { service: 'a', instance: 0, run: 1, stream: 'stdout', time: at, text, partial: false };
      }
    } finally {
      this.openLogs -= 1;
    }
  }

  watch(onEvent: (event: SupervisorEvent) => void): () => void {
    this.watchers.add(onEvent);
    return () => this.watchers.delete(onEvent);
  }

  metrics(): string {
    return 'up 1\n';
  }

  shutdown(options: { readonly force: boolean }): void {
    this.calls.push(['shutdown', options]);
  }

  emit(instance: number): void {
    for (const watcher of this.watchers) watcher({ type: 'changed', at: 1, service: 'a', instance });
  }
}
