import { messageOf, type Logger } from '@mainstay/core';
import type { SupervisorEvent } from '@mainstay/supervisor';

type Watcher = (event: SupervisorEvent) => void;

/** Hands the supervisor's events to whoever wants them; one that fails takes them from nobody else. */
export class EventFeed {
  readonly #watchers = new Set<Watcher>();
  readonly #log: Logger;

  constructor(log: Logger) {
    this.#log = log;
  }

  /** @returns what ends it */
  watch(onEvent: Watcher): () => void {
    // One of its own, so that the same function may watch twice.
    const watcher: Watcher = (event) => onEvent(event);
    this.#watchers.add(watcher);
    return () => this.#watchers.delete(watcher);
  }

  emit(event: SupervisorEvent): void {
    for (const watcher of this.#watchers) {
      try {
        watcher(event);
      } catch (error) {
        this.#log.error({ error: messageOf(error), event: event.type }, 'An event could not be passed on');
      }
    }
  }
}
