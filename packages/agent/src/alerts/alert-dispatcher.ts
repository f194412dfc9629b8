import type { Clock, Logger, Timer } from '@mainstay/core';
import type { AlertKind, AlertRules, AlertTarget, SupervisorEvent } from '@mainstay/supervisor';

import type { Alert } from './alert.ts';
import {
  type BookContext,
  type BookEvent,
  emptyAlertBook,
  nextTick,
  standingAlerts,
  stepAlertBook,
} from './alert-book.ts';
import { Delivery, type DeliveryCounts } from './delivery.ts';
import { type AlertedService, settleTimesOf } from './settle-times.ts';
import { sinkOf } from './sinks/sink-of.ts';
import type { AlertSink } from './sinks/types.ts';

export interface AlertDispatcherOptions {
  readonly clock: Clock;
  readonly log: Logger;
  /** Name of the machine, as people know it. */
  readonly host: string;
  /** Of commands. */
  readonly environment: Readonly<Record<string, string>>;
  /** @default webhook, SMTP, command */
  readonly sinkOf?: (target: AlertTarget, environment: Readonly<Record<string, string>>) => AlertSink;
}

/** One line each: of the alert about a part of the agent, and of the message that it is over. */
export interface PartTitles {
  readonly failing: string;
  readonly solved: string;
}

export interface AlertTestResult {
  readonly target: string;
  /** Undefined when the alert has arrived. */
  readonly problem: string | undefined;
}

const silent: AlertRules = { targets: [], on: [], repeatMs: 0, perMinute: 10 };

/** Makes alerts of what the supervisor tells, and sees to it that they arrive. Never throws, and never waits. */
export class AlertDispatcher {
  readonly #options: AlertDispatcherOptions;
  #rules: AlertRules = silent;
  #services: ReadonlyMap<string, AlertedService> = new Map();
  #deliveries = new Map<string, Delivery>();
  #book = emptyAlertBook;
  #timer: Timer | undefined;
  #isClosed = false;

  constructor(options: AlertDispatcherOptions) {
    this.#options = options;
  }

  /** Takes over the rules of a manifest. Targets that stay keep what waits for them; new ones are told what is wrong. */
  configure(rules: AlertRules, services: Iterable<AlertedService>): void {
    if (this.#isClosed) return;
    const { clock, log, environment } = this.#options;
    const makeSink = this.#options.sinkOf ?? sinkOf;
    const keyed = new Map(rules.targets.map((target) => [JSON.stringify([target, rules.perMinute]), target]));
    const before = this.#deliveries;
    for (const [key, delivery] of before) if (!keyed.has(key)) delivery.close();
    this.#deliveries = new Map(
      [...keyed].map(([key, target]) => [
        key,
        before.get(key) ??
          new Delivery({ sink: makeSink(target, environment), clock, log, perMinute: rules.perMinute }),
      ]),
    );
    this.#rules = rules;
    this.#services = new Map([...services].map((service) => [service.name, service]));
    this.#step({ type: 'services', names: new Set(this.#services.keys()) });
    const added = [...this.#deliveries].flatMap(([key, delivery]) => (before.has(key) ? [] : [delivery]));
    for (const alert of standingAlerts(this.#book, this.#context())) this.#say(alert, rules.on, added);
  }

  take(event: SupervisorEvent): void {
    this.#step({ type: 'supervisor', event });
  }

  /** Something of the agent's own is wrong, such as the disk of the logs. Saying it again changes the message only. */
  problem(name: string, titles: PartTitles, message: string): void {
    const condition = {
      key: `agent:${name}`,
      kind: 'agent',
      service: undefined,
      instance: undefined,
    } as const;
    this.#step({
      type: 'wrong',
      condition: { ...condition, title: titles.failing, resolvedTitle: titles.solved, message },
    });
  }

  solved(name: string): void {
    this.#step({ type: 'right', key: `agent:${name}` });
  }

  /** For a part of the agent that tells why it fails, and with undefined that it does no more. */
  watchPart(name: string, titles: PartTitles): (reason: string | undefined) => void {
    return (reason) => {
      if (reason === undefined) this.solved(name);
      else this.problem(name, titles, reason);
    };
  }

  /** Sends a test alert to each target at once, past queues and rates. */
  async test(): Promise<readonly AlertTestResult[]> {
    const { clock, host } = this.#options;
    const at = new Date(clock.now()).toISOString();
    const alert: Alert = {
      version: 1,
      status: 'test',
      kind: 'agent',
      key: 'test',
      service: undefined,
      instance: undefined,
      title: 'This is a test',
      message: 'Somebody tries whether alerts arrive',
      since: at,
      at,
      host,
      count: 1,
    };
    return Promise.all(
      [...this.#deliveries.values()].map(async (delivery) => ({
        target: delivery.counts().target,
        problem: await delivery.try(alert),
      })),
    );
  }

  /** By target; for the metrics and for people. */
  counts(): readonly DeliveryCounts[] {
    return [...this.#deliveries.values()].map((delivery) => delivery.counts());
  }

  /** What waits is not sent any more. */
  close(): void {
    this.#isClosed = true;
    this.#timer?.clear();
    for (const delivery of this.#deliveries.values()) delivery.close();
  }

  #step(event: BookEvent): void {
    if (this.#isClosed) return;
    const { book, say } = stepAlertBook(this.#book, event, this.#context());
    const isChanged =
      book.entries !== this.#book.entries || event.type === 'tick' || event.type === 'services';
    this.#book = book;
    for (const alert of say) this.#say(alert, this.#rules.on, this.#deliveries.values());
    if (isChanged) this.#setTimer();
  }

  #context(): BookContext {
    const { clock, host } = this.#options;
    const { repeatMs } = this.#rules;
    return {
      now: clock.now(),
      monotonic: clock.monotonic(),
      repeatMs,
      host,
      settleTimesOf: (service) => settleTimesOf(this.#services.get(service)),
    };
  }

  #say(alert: Alert, kinds: readonly AlertKind[], to: Iterable<Delivery>): void {
    if (!kinds.includes(alert.kind)) return;
    for (const delivery of to) delivery.add(alert);
  }

  #setTimer(): void {
    const { clock } = this.#options;
    this.#timer?.clear();
    this.#timer = undefined;
    const at = nextTick(this.#book, this.#rules.repeatMs);
    if (at === undefined) return;
    this.#timer = clock.setTimer(Math.max(1000, at - clock.monotonic()), () => this.#step({ type: 'tick' }));
  }
}
