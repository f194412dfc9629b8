import type { TextStream } from '@mainstay/service/terminal';
import { stateOf, type EndedRun, type OutputStream, type ServiceView } from '@mainstay/supervisor';

import type { LogLine } from '../services/log-line.ts';
import type { Presenter } from './presenter.ts';

/** One JSON object a line, for programs; `event` says which. */
export class JsonPresenter implements Presenter {
  readonly #stream: TextStream;
  readonly #now: () => number;
  readonly #last = new Map<string, string>();

  constructor(stream: TextStream, now: () => number) {
    this.#stream = stream;
    this.#now = now;
  }

  changed(view: ServiceView): void {
    const state = stateOf(view);
    if (state === 'idle') return;
    const { name, pid = null, restarts, text, health = null, reason = null } = view;
    const facts = { service: name, state, pid, restarts, text, health, reason };
    const key = JSON.stringify(facts);
    if (this.#last.get(name) === key) return;
    this.#last.set(name, key);
    this.#write({ event: 'state', ...facts });
  }

  ended({ name }: ServiceView, { description, exitCode, uptimeMs }: EndedRun): void {
    this.#write({
      event: 'exit',
      service: name,
      exitCode: exitCode ?? null,
      description,
      uptimeMs: Math.round(uptimeMs),
    });
  }

  line(view: ServiceView, line: LogLine, raw: string, stream: OutputStream): void {
    this.#write({
      event: 'line',
      service: view.name,
      stream,
      ...(line.record ? { log: line.record } : { line: raw }),
    });
  }

  url(service: string, url: string): void {
    this.#write({ event: 'url', service, url });
  }

  problem(service: string, message: string): void {
    this.#write({ event: 'problem', service, message });
  }

  notice(message: string): void {
    this.#write({ event: 'notice', message });
  }

  close(exitCode: number): void {
    this.#write({ event: 'end', exitCode });
  }

  #write(value: Readonly<Record<string, unknown>>): void {
    this.#stream.write(`${JSON.stringify({ time: new Date(this.#now()).toISOString(), ...value })}\n`);
  }
}
