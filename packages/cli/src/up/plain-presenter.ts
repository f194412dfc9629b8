import { pad, type Output } from '@mainstay/service/terminal';
import type { EndedRunView } from '@mainstay/supervisor';

import { stateWord, type InstanceRow } from '../services/instance-row.ts';
import { howItEnded } from '../services/ended-text.ts';
import type { LogLine } from '../services/log-line.ts';
import { formatUptime } from '../services/uptime.ts';
import type { Presenter } from './presenter.ts';

const ownName = 'mainstay';

/** `service | line`, for pipes and files. */
export class PlainPresenter implements Presenter {
  readonly #output: Output;
  readonly #width: number;
  readonly #states = new Map<string, string>();

  constructor(output: Output, labels: readonly string[]) {
    this.#output = output;
    this.#width = Math.max(...[ownName, ...labels].map((name) => name.length));
  }

  changed(row: InstanceRow): void {
    const { label, instance } = row;
    // How a run ended is a line of its own, with the reason.
    if (instance?.pid === undefined) return void this.#states.delete(label);
    const state = `${stateWord(row)} (pid ${instance.pid})`;
    if (this.#states.get(label) === state) return;
    this.#states.set(label, state);
    this.#write(ownName, `${label} is ${state}`);
  }

  ended({ label, instance }: InstanceRow, end: EndedRunView): void {
    const more = instance?.phase === 'waiting' ? '; it will be started again' : '';
    this.#write(
      ownName,
      `${label} has stopped after ${formatUptime(end.uptimeMs)} (${howItEnded(end)})${more}`,
    );
  }

  line(label: string, line: LogLine): void {
    const head = line.record ? `${line.time ?? ''} ${(line.level ?? '').toUpperCase().padEnd(5)} ` : '';
    this.#write(label, `${head}${line.text}`);
  }

  url(label: string, url: string): void {
    this.#write(ownName, `${label} is at ${url}`);
  }

  problem(label: string, message: string): void {
    const { err } = this.#output;
    err.write(`${pad(ownName, this.#width)} | ${err.style.red(`${label}: ${message}`)}\n`);
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
