import type { TestEvent } from 'node:test/reporters';
import { inspect } from 'node:util';

/** One JSON line for each test that ran under Wine; see `windowsSuite`. */
export default async function* report(source: AsyncIterable<TestEvent>): AsyncGenerator<string> {
  for await (const { type, data } of source) {
    if (type !== 'test:pass' && type !== 'test:fail') continue;
    if (data.details.type === 'suite') continue;
    const skipped = typeof data.skip === 'string' && data.skip !== '' ? data.skip : data.skip !== undefined;
    const failure = type === 'test:fail' ? inspect(data.details.error) : undefined;
    yield `${JSON.stringify({ name: data.name, skipped, failure })}\n`;
  }
}
