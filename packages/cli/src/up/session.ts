import { limitText } from '@mainstay/agent';
import { ExitCode } from '@mainstay/core';
import type { EndedRunView, LogLine as StoredLine, ServiceView, SupervisorEvent } from '@mainstay/supervisor';

import { describeEnded } from '../services/ended-text.ts';
import { instanceRows, labelOf, type InstanceRow } from '../services/instance-row.ts';
import { readLogLine } from '../services/log-line.ts';
import type { Presenter } from './presenter.ts';

/** What `up` needs of the agent that it runs. */
export interface SupervisedServices {
  views(): readonly ServiceView[];
  /** Resolves when there is no process and none will come by itself. */
  settled(): Promise<void>;
  /** Stops all, dependents first; a second call kills. */
  shutdown(options: { readonly force: boolean }): Promise<void>;
}

const notYet: SupervisedServices = {
  views: () => [],
  settled: () => Promise.resolve(),
  shutdown: () => Promise.resolve(),
};

interface InstanceName {
  readonly service: string;
  readonly instance: number;
}

/** Tells the presenter what the services of one `up` do, stops them, and knows how it went. */
export class UpSession {
  readonly presenter: Presenter;
  #services: SupervisedServices = notYet;
  /** What happened before there was somebody to ask for views. */
  #early: SupervisorEvent[] | undefined = [];
  /** Ends that are not told yet, by instance: what becomes of it is decided right after. */
  readonly #ends = new Map<string, () => void>();
  readonly #reported = new Set<string>();
  readonly #failures = new Set<string>();
  #stopping = false;
  /** Something had to be killed, by a second Ctrl-C or after its time was over. */
  #forced = false;

  /** @param present is given how to ask for the rows of the moment */
  constructor(present: (rows: () => readonly InstanceRow[]) => Presenter) {
    this.presenter = present(() => instanceRows(this.#services.views()));
  }

  /** The agent is there. */
  attach(services: SupervisedServices): void {
    this.#services = services;
    const early = this.#early ?? [];
    this.#early = undefined;
    for (const event of early) this.take(event);
    if (this.#stopping) void services.shutdown({ force: this.#forced });
  }

  /** Resolves with the exit code when nothing runs any more and nothing will by itself. */
  async ended(): Promise<number> {
    await this.#services.settled();
    // The reports of the last ends follow their settling.
    await new Promise((resolve) => setImmediate(resolve));
    if (this.#forced) return ExitCode.forced;
    return this.#failures.size > 0 ? ExitCode.failed : ExitCode.ok;
  }

  /** First asks, then forces. */
  interrupt(): void {
    this.stop(this.#stopping);
  }

  stop(force: boolean): void {
    this.presenter.notice(force ? 'Forcing the stop' : 'Stopping; Ctrl-C again forces it');
    if (force) this.#forced = true;
    this.#stopping = true;
    void this.#services.shutdown({ force });
  }

  take(event: SupervisorEvent): void {
    if (this.#early) return void this.#early.push(event);
    switch (event.type) {
      case 'changed':
        return this.#changed(event);
      case 'phase':
      case 'started':
        return this.#changed(event.id);
      case 'ended':
        return this.#toBeTold(event.id, event.end);
      case 'probe-state':
        if (!event.ok) this.#problem(event.id, `Its ${event.kind} probe fails: ${event.detail}`);
        return;
      case 'limit':
        if (event.exceeded) this.#problem(event.id, limitText(event));
        return;
      case 'crash-loop':
      case 'probe':
        // The end that led to it says so; single probes are for `describe`.
        return;
    }
  }

  line(stored: StoredLine): void {
    const { service, instance } = stored;
    const row = this.#row(service, instance);
    const label = row?.label ?? service;
    const line = readLogLine(stored.text);
    this.presenter.line(label, line, stored);
    const { url, busyPort } = line;
    if (url !== undefined) this.#once(`${label} ${url}`, () => this.presenter.url(label, url));
    if (busyPort === undefined) return;
    this.#once(`${label} busy ${busyPort}`, () =>
      this.presenter.problem(
        label,
        `Port ${busyPort} is in use by another program; stop that one, or give ${service} another port in its env`,
      ),
    );
  }

  #toBeTold({ service, instance }: InstanceName, end: EndedRunView): void {
    const key = `${service}/${instance}`;
    this.#ends.get(key)?.();
    const tell = (): void => {
      if (this.#ends.get(key) !== tell) return;
      this.#ends.delete(key);
      this.#ended(service, instance, end);
    };
    this.#ends.set(key, tell);
    setImmediate(tell);
  }

  #changed({ service, instance }: InstanceName): void {
    // The end of a run is told before what follows it.
    this.#ends.get(`${service}/${instance}`)?.();
    const row = this.#row(service, instance);
    if (row) this.presenter.changed(row);
  }

  #ended(service: string, instance: number, end: EndedRunView): void {
    const row = this.#row(service, instance);
    if (!row?.instance) return;
    const { label } = row;
    const { phase, reason } = row.instance;
    const how = describeEnded(end);
    if (phase === 'failed' || phase === 'parked') {
      this.#failures.add(label);
      const next =
        phase === 'parked' && row.instance.nextStartAt !== undefined
          ? 'it is tried again later'
          : 'it will not be started again';
      this.presenter.problem(label, `${reason ?? `Ended with ${how}`}; ${next}`);
    } else if (end.forced) {
      this.#forced = true;
      this.presenter.problem(label, `Did not stop in time and was forced: ${how}`);
    } else if (end.exitCode === ExitCode.ok) this.presenter.ended(row, end);
    else if (phase === 'stopped') {
      // A program without a handler dies by the signal that asks it to stop: that is how it stops.
      if (end.signal !== undefined) return this.presenter.ended(row, end);
      this.#failures.add(label);
      this.presenter.problem(label, `Did not stop as it should: ${how}`);
    } else
      this.presenter.problem(
        label,
        `Ended with ${how}; it ${phase === 'waiting' ? 'will be' : 'is'} started again`,
      );
    this.presenter.changed(row);
  }

  #problem(
    { service, instance }: { readonly service: string; readonly instance: number },
    message: string,
  ): void {
    this.presenter.problem(this.#row(service, instance)?.label ?? service, message);
  }

  #row(service: string, instance: number): InstanceRow | undefined {
    const view = this.#services.views().find(({ name }) => name === service);
    if (!view) return undefined;
    const found = view.instances.find((one) => one.instance === instance);
    return { label: labelOf(view, instance), service: view, instance: found };
  }

  #once(key: string, report: () => void): void {
    if (this.#reported.has(key)) return;
    this.#reported.add(key);
    report();
  }
}
