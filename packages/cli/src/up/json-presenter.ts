import type { TextStream } from '@mainstay/service/terminal';
import type { EndedRunView, LogLine as StoredLine } from '@mainstay/supervisor';

import { howItEnded } from '../services/ended-text.ts';
import { healthWord, stateWord, type InstanceRow } from '../services/instance-row.ts';
import type { LogLine } from '../services/log-line.ts';
import type { Presenter } from './presenter.ts';

/** One JSON object a line, for programs; `event` says which. */
export class JsonPresenter implements Presenter {
  readonly #stream: TextStream;
  readonly #now: () => number;
  readonly #last = new Map<string, string>();
  #isClosed = false;

  constructor(stream: TextStream, now: () => number) {
    this.#stream = stream;
    this.#now = now;
  }

  changed(row: InstanceRow): void {
    const { label, instance } = row;
    const facts = {
      ...idOf(row),
      state: stateWord(row),
      pid: instance?.pid ?? null,
      restarts: instance?.restarts ?? 0,
      text: instance?.text ?? '',
      health: healthWord(row) ?? null,
      reason: instance?.reason ?? null,
    };
    const key = JSON.stringify(facts);
    if (this.#last.get(label) === key) return;
    this.#last.set(label, key);
    this.#write({ event: 'state', ...facts });
  }

  ended(row: InstanceRow, end: EndedRunView): void {
    this.#write({
      event: 'exit',
      ...idOf(row),
      exitCode: end.exitCode ?? null,
      description: howItEnded(end),
      uptimeMs: Math.round(end.uptimeMs),
    });
  }

  line(_label: string, line: LogLine, { service, instance, stream, text }: StoredLine): void {
    this.#write({
      event: 'line',
      service,
      instance,
      stream,
      ...(line.record ? { log: line.record } : { line: text }),
    });
  }

  url(label: string, url: string): void {
    this.#write({ event: 'url', service: label, url });
  }

  problem(label: string, message: string): void {
    this.#write({ event: 'problem', service: label, message });
  }

  notice(message: string): void {
    this.#write({ event: 'notice', message });
  }

  close(exitCode: number): void {
    if (this.#isClosed) return;
    this.#write({ event: 'end', exitCode });
    this.#isClosed = true;
  }

  #write(value: Readonly<Record<string, unknown>>): void {
    if (this.#isClosed) return;
    this.#stream.write(`${JSON.stringify({ time: new Date(this.#now()).toISOString(), ...value })}\n`);
  }
}

function idOf({ service, instance }: InstanceRow): { service: string; instance: number } {
  return { service: service.name, instance: instance?.instance ?? 0 };
}
