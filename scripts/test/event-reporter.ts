// A node:test reporter that writes one JSON object a line, for the runner to read: see TestEvent.
import { inspect } from 'node:util';
import type { TestEvent as NodeTestEvent } from 'node:test/reporters';

/** A test began or ended. `path` is its name after those of the groups around it. */
export type TestEvent =
  | { readonly type: 'start'; readonly path: readonly string[] }
  | { readonly type: 'pass'; readonly path: readonly string[] }
  | { readonly type: 'skip'; readonly path: readonly string[]; readonly reason: string }
  | { readonly type: 'fail'; readonly path: readonly string[]; readonly error: string };

export default async function* report(events: AsyncIterable<NodeTestEvent>): AsyncGenerator<string> {
  // A test runs from its dequeue on; its start and its end are told later, in the order of the file.
  const running: string[] = [];
  const told: string[] = [];
  for await (const { type, data } of events) {
    if (type === 'test:dequeue') yield line({ type: 'start', path: named(running, data) });
    else if (type === 'test:start') named(told, data);
    else if (type === 'test:pass' || type === 'test:fail') {
      const event = ending(data, named(told, data));
      if (event) yield line(event);
    }
  }
}

function named(stack: string[], { name, nesting }: { name: string; nesting: number }): string[] {
  stack.length = nesting;
  stack[nesting] = name;
  return [...stack];
}

const line = (event: TestEvent) => `${JSON.stringify(event)}\n`;

type Ending = Extract<NodeTestEvent, { type: 'test:pass' | 'test:fail' }>['data'];

function ending(data: Ending, path: readonly string[]): TestEvent | undefined {
  const { details } = data;
  const error = 'error' in details ? (details.error as Error & { failureType?: string }) : undefined;
  // A group fails with its tests, which have spoken for themselves, or by its own hooks.
  const isEcho = error?.failureType === 'subtestsFailed';
  if (details.type === 'suite' && (isEcho || !error)) {
    return data.skip === undefined ? undefined : skipped(path, data.skip);
  }
  if (data.skip !== undefined || data.todo !== undefined) return skipped(path, data.skip ?? data.todo);
  if (!error) return { type: 'pass', path };
  return { type: 'fail', path, error: isEcho ? 'A subtest failed' : inspect(error.cause ?? error) };
}

function skipped(path: readonly string[], reason: string | boolean | undefined): TestEvent {
  return { type: 'skip', path, reason: typeof reason === 'string' && reason ? reason : 'no reason given' };
}
