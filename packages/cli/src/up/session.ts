import { ExitCode } from '@mainstay/core';
import { systemClock } from '@mainstay/platform';
import {
  ProcessRunner,
  readUsage,
  ServiceSupervisor,
  type EndedRun,
  type ProgramSpec,
  type Runner,
  type ServiceEvent,
  type ServiceView,
} from '@mainstay/supervisor';

import { readLogLine } from '../services/log-line.ts';
import type { LocatedService } from './manifest-file.ts';
import type { Presenter } from './presenter.ts';
import { formatUptime } from '../services/uptime.ts';

/** All services of one `up`: starts them, tells the presenter, stops them, and knows how it went. */
export class UpSession {
  readonly #supervisors = new Map<string, ServiceSupervisor>();
  readonly #reported = new Set<string>();
  readonly #failures = new Set<string>();
  #presenter: Presenter | undefined;
  #stopping = false;
  /** Something had to be killed, by a second Ctrl-C or after its time was over. */
  #forced = false;

  constructor(
    services: readonly LocatedService[],
    env: NodeJS.ProcessEnv,
    runner: Runner = new ProcessRunner(),
  ) {
    for (const service of services) {
      const supervisor = new ServiceSupervisor({
        spec: programOf(service, env),
        runner,
        clock: systemClock,
        random: Math.random,
        readUsage,
        limits: service.restart,
        onEvent: (event) => this.#take(supervisor, event),
      });
      this.#supervisors.set(service.name, supervisor);
    }
  }

  view(service: string): ServiceView | undefined {
    return this.#supervisors.get(service)?.view();
  }

  /** Starts all, and resolves with the exit code when none runs any more and none will by itself. */
  async run(presenter: Presenter): Promise<number> {
    this.#presenter = presenter;
    for (const supervisor of this.#supervisors.values()) supervisor.start();
    await Promise.all([...this.#supervisors.values()].map((supervisor) => supervisor.settled()));
    // The reports of the last ends follow their settling.
    await new Promise((resolve) => setImmediate(resolve));
    if (this.#forced) return ExitCode.forced;
    return this.#failures.size > 0 ? ExitCode.failed : ExitCode.ok;
  }

  /** First asks, then forces. */
  interrupt(): void {
    if (this.#stopping) {
      this.#presenter?.notice('Forcing the stop');
      for (const supervisor of this.#supervisors.values()) supervisor.kill();
      return;
    }
    this.#stopping = true;
    this.#presenter?.notice('Stopping; Ctrl-C again forces it');
    for (const supervisor of this.#supervisors.values()) supervisor.stop();
  }

  #take(supervisor: ServiceSupervisor, event: ServiceEvent): void {
    const presenter = this.#presenter;
    if (!presenter) return;
    const view = supervisor.view();
    if (event.type === 'changed') presenter.changed(view);
    else if (event.type === 'ended') this.#ended(view, event.end, presenter);
    else {
      const line = readLogLine(event.line);
      presenter.line(view, line, event.line, event.stream);
      if (line.url !== undefined)
        this.#once(`${view.name} ${line.url}`, () => presenter.url(view.name, line.url ?? ''));
      if (line.busyPort !== undefined) this.#portBusy(view.name, line.busyPort, presenter);
    }
  }

  #portBusy(service: string, port: number, presenter: Presenter): void {
    this.#once(`${service} busy ${port}`, () =>
      presenter.problem(
        service,
        `Port ${port} is in use by another program; stop that one, or give ${service} another port in its env`,
      ),
    );
  }

  #ended(view: ServiceView, end: EndedRun, presenter: Presenter): void {
    const { name, phase } = view;
    const how = `${end.description} after ${formatUptime(end.uptimeMs)}`;
    if (phase === 'failed' || phase === 'parked') {
      this.#failures.add(name);
      presenter.problem(name, `${view.reason ?? how}; it will not be started again`);
    } else if (end.exitCode === ExitCode.ok) presenter.ended(view, end);
    else if (phase === 'waiting') presenter.problem(name, `Ended with ${how}; it will be started again`);
    else if (phase === 'stopped') {
      if (end.forced) this.#forced = true;
      else this.#failures.add(name);
      const what = end.forced ? 'Did not stop in time and was forced' : 'Did not stop as it should';
      presenter.problem(name, `${what}: ${how}`);
    }
  }

  #once(key: string, report: () => void): void {
    if (this.#reported.has(key)) return;
    this.#reported.add(key);
    report();
  }
}

function programOf(service: LocatedService, env: NodeJS.ProcessEnv): ProgramSpec {
  const { program, name } = service;
  return {
    name,
    command: program.command,
    args: program.args,
    cwd: program.folder,
    env: { ...env, ...service.env, MAINSTAY_HOST: 'supervisor' },
  };
}
