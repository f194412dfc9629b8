import { pad, type Output } from '@mainstay/service/terminal';
import { stateOf, type EndedRun, type OutputStream, type ServiceView } from '@mainstay/supervisor';

import type { LogLine } from '../services/log-line.ts';
import type { Presenter } from './presenter.ts';
import { formatUptime } from '../services/uptime.ts';

const ownName = 'mainstay';

/** `service | line`, for pipes and files. */
export class PlainPresenter implements Presenter {
  readonly #output: Output;
  readonly #width: number;
  readonly #states = new Map<string, string>();

  constructor(output: Output, services: readonly string[]) {
    this.#output = output;
    this.#width = Math.max(...[ownName, ...services].map((name) => name.length));
  }

  changed(view: ServiceView): void {
    // How a run ended is a line of its own, with the reason.
    if (view.state === undefined || view.state === 'stopped') return void this.#states.delete(view.name);
    const state = stateOf(view);
    if (this.#states.get(view.name) === state) return;
    this.#states.set(view.name, state);
    const pid = view.pid === undefined ? '' : ` (pid ${view.pid})`;
    this.#write(ownName, `${view.name} is ${state}${pid}`);
  }

  ended({ name, phase }: ServiceView, { description, uptimeMs }: EndedRun): void {
    const more = phase === 'waiting' ? '; it will be started again' : '';
    this.#write(ownName, `${name} has stopped after ${formatUptime(uptimeMs)} (${description})${more}`);
  }

  line(view: ServiceView, line: LogLine, _raw: string, _stream: OutputStream): void {
    const head = line.record ? `${line.time ?? ''} ${(line.level ?? '').toUpperCase().padEnd(5)} ` : '';
    this.#write(view.name, `${head}${line.text}`);
  }

  url(service: string, url: string): void {
    this.#write(ownName, `${service} is at ${url}`);
  }

  problem(service: string, message: string): void {
    const { err } = this.#output;
    err.write(`${pad(ownName, this.#width)} | ${err.style.red(`${service}: ${message}`)}\n`);
  }

  notice(message: string): void {
    this.#write(ownName, message);
  }

  close(): void {}

  #write(name: string, text: string): void {
    const { out } = this.#output;
    out.write(`${out.style.cyan(pad(name, this.#width))} | ${text}\n`);
  }
}
