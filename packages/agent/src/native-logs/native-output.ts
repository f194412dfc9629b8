import { messageOf, type Clock, type Logger } from '@mainstay/core';
import type {
  KeptLine,
  KeptOutput,
  LogLine,
  LogReadOptions,
  LogStore,
  Runner,
  ServiceView,
} from '@mainstay/supervisor';

/** As evidence for `why`; as many as the log store has in memory. */
const tailLines = 10;

export interface NativeOutputOptions {
  readonly clock: Clock;
  readonly log: Logger;
  readonly logs: LogStore;
  /** Undefined while no service needs it. */
  readonly runner: () => Runner | undefined;
  readonly views: () => readonly ServiceView[];
}

/** What services write whose output the operating system's own service manager keeps. */
export class NativeOutput {
  readonly #options: NativeOutputOptions;
  readonly #tails = new Map<string, readonly string[]>();

  constructor(options: NativeOutputOptions) {
    this.#options = options;
  }

  /** Lines of all services. What the manager keeps and cannot be read is left out, unless it alone was asked for. */
  read(options: LogReadOptions): AsyncIterable<LogLine> {
    const { logs, runner, views } = this.#options;
    const wanted = views().filter(({ name }) => options.services?.includes(name) ?? true);
    const native = wanted.filter((view) => view.runner === 'native');
    const ids = native.flatMap(idsOf).filter(({ instance }) => instance === (options.instance ?? instance));
    const readOutput = runner()?.readOutput?.bind(runner());
    if (ids.length === 0 || !readOutput) return logs.read(options);
    const { lines, follow, since, signal } = options;
    const kept = readOutput(ids, {
      lines,
      follow,
      ...(since !== undefined && { since }),
      ...(signal && { signal }),
    });
    const isAlone = native.length === wanted.length;
    return this.#merged(isAlone ? kept : this.#readable(kept), options);
  }

  async *#merged(kept: KeptOutput, options: LogReadOptions): AsyncGenerator<LogLine> {
    const { logs, clock } = this.#options;
    const { mergedLogs } = await import('./merged-logs.ts');
    const lineOf = (line: KeptLine): LogLine => this.#lineOf(line);
    yield* mergedLogs({ own: logs.read(options), kept, lineOf, clock }, options);
  }

  /** Carries out what asks for `lastLines`, which cannot wait, with those of this service at hand. */
  async withLastLines<Answer>(service: string, answer: () => Answer): Promise<Answer> {
    const { runner, views, log } = this.#options;
    const view = views().find(({ name, runner: kind }) => name === service && kind === 'native');
    try {
      for (const id of view ? idsOf(view) : []) {
        const kept = runner()?.readOutput?.([id], { lines: tailLines, follow: false });
        const texts: string[] = [];
        for await (const { text } of kept?.past() ?? []) texts.push(text);
        this.#tails.set(`${service}/${id.instance}`, texts);
      }
    } catch (error) {
      log.warn({ service, error: messageOf(error) }, 'What a native service wrote cannot be read');
    }
    try {
      return answer();
    } finally {
      for (const id of view ? idsOf(view) : []) this.#tails.delete(`${service}/${id.instance}`);
    }
  }

  /** The log store for the supervisor. */
  store(): LogStore {
    const { logs } = this.#options;
    return {
      openRun: (id, rules) => logs.openRun(id, rules),
      read: (options) => this.read(options),
      lastLines: (service, instance) =>
        this.#tails.get(`${service}/${instance}`) ?? logs.lastLines(service, instance),
      watch: (onLine) => logs.watch(onLine),
      statistics: () => logs.statistics(),
      close: () => logs.close(),
    };
  }

  #readable(kept: KeptOutput): KeptOutput {
    const { log } = this.#options;
    const read = async function* (lines: AsyncIterable<KeptLine>): AsyncGenerator<KeptLine> {
      try {
        yield* lines;
      } catch (error) {
        log.warn({ error: messageOf(error) }, 'What native services wrote cannot be read');
      }
    };
    return { past: () => read(kept.past()), live: () => read(kept.live()) };
  }

  /** The number of the run is known of the one that runs now; 0: an earlier one. */
  #lineOf({ service, instance, time, text }: KeptLine): LogLine {
    const now = this.#options
      .views()
      .find(({ name }) => name === service)
      ?.instances.find((each) => each.instance === instance);
    const run = now?.startedAt !== undefined && time >= now.startedAt ? (now.run ?? 0) : 0;
    return { service, instance, run, stream: 'stdout', time, text, partial: false };
  }
}

const idsOf = ({ name, instances }: ServiceView): { readonly service: string; readonly instance: number }[] =>
  instances.map(({ instance }) => ({ service: name, instance }));
