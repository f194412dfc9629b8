import type { SupervisorEvent } from '@mainstay/supervisor';

import type { AgentEvent } from './types.ts';

/** Events that wait for one reader; what comes beyond is counted and dropped, so that a reader that hangs costs no memory. */
const maxWaiting = 1000;

/** The events from now on as one reader takes them; ends when the signal is aborted. */
export async function* readEvents(
  watch: (onEvent: (event: SupervisorEvent) => void) => () => void,
  { signal, now }: { readonly signal: AbortSignal; readonly now: () => number },
): AsyncGenerator<AgentEvent, void, void> {
  let waiting: AgentEvent[] = [];
  let dropped = 0;
  let wake: (() => void) | undefined;
  const unwatch = watch((event) => {
    if (waiting.length < maxWaiting) waiting.push(event);
    else dropped += 1;
    wake?.();
  });
  const abort = (): void => wake?.();
  signal.addEventListener('abort', abort);
  try {
    while (!signal.aborted) {
      const taken = waiting;
      waiting = [];
      if (dropped > 0) taken.push({ type: 'dropped', at: now(), count: dropped });
      dropped = 0;
      yield* taken;
      // oxlint-disable-next-line typescript/no-unnecessary-condition -- events come while the reader is waited for
      if (waiting.length > 0 || dropped > 0 || signal.aborted) continue;
      const { promise, resolve } = Promise.withResolvers<void>();
      wake = resolve;
      await promise;
      wake = undefined;
    }
  } finally {
    signal.removeEventListener('abort', abort);
    unwatch();
  }
}
