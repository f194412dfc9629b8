import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';

import { manifestOf, parse, problemOf, problemsOf, serviceOf } from './reading.ts';

const page = readFileSync(new URL('../../../../docs/reference/manifest.md', import.meta.url), 'utf8');

const examples = [...page.matchAll(/^```yaml\n(.*?)^```$/gms)].map(([, text = '']) => text);
const problems = [...page.matchAll(/^\| `(.+?)` \| `(services\..+|MAINSTAY_X.+)` \|$/gm)];

/** First column of every table of keys: `crashLoop.starts`, `.within`. */
const keys = [...page.matchAll(/^\| ((?:`[\w.]+`(?:, )?)+) \|/gm)].flatMap(
  ([, cell = '']) => cell.match(/\w+/g) ?? [],
);

describe('docs/reference/manifest.md', () => {
  test('every example is read, without a warning', async () => {
    assert.ok(examples.length >= 8);
    for (const text of examples) {
      const result = await parse(text);
      assert.ok(result.ok, result.ok ? '' : JSON.stringify(result.problems));
      assert.deepEqual(result.warnings, [], text);
    }
  });

  test('every problem is told in these words', async () => {
    assert.ok(problems.length >= 35);
    for (const [, written = '', message = ''] of problems) {
      assert.equal(await problemOf(written), message, written);
    }
  });

  test('every key that the parser knows is on the page', async () => {
    const known = async (text: string): Promise<string[]> => {
      const [, list = ''] = /known are (.*)$/.exec((await problemsOf(text)).join('\n')) ?? [];
      return list.split(', ');
    };
    const wrap = (inner: string) => `services: { a: { exec: [x], ${inner} } }`;
    const all = await Promise.all([
      known('{ qqqqqq: 1, services: { a: { exec: [x] } } }'),
      known(wrap('qqqqqq: 1')),
      known(wrap('health: { tcp: 1, qqqqqq: 1 }')),
      known(wrap('restart: { qqqqqq: 1 }')),
      known(wrap('restart: { crashLoop: { qqqqqq: 1 } }')),
      known(wrap('stop: { qqqqqq: 1 }')),
      known(wrap('reload: { qqqqqq: 1 }')),
      known(wrap('limits: { qqqqqq: 1 }')),
      known(wrap('limits: { memory: { qqqqqq: 1 } }')),
    ]);
    for (const key of all.flat())
      assert.ok(keys.includes(key) || ['startup', 'readiness', 'liveness', 'grace'].includes(key), key);
    assert.ok(all.every((list) => list.length > 1));
  });

  test('conditions between services', async () => {
    assert.match(
      (
        await problemsOf('services: { a: { exec: [x], dependsOn: { b: healthy } }, b: { exec: [y] } }')
      ).join(),
      /waits until b is healthy, and b has no probe that could tell; give it health, or write started/,
    );
    assert.match(
      (
        await problemsOf('services: { a: { exec: [x], dependsOn: { b: completed } }, b: { exec: [y] } }')
      ).join(),
      /waits until b has completed, and b is restarted always/,
    );
    await manifestOf('services: { a: { exec: [x], dependsOn: { b: healthy } }, b: { service: y } }');
    assert.deepEqual(
      await problemsOf(
        'services: { a: { exec: [x], dependsOn: b }, b: { exec: [x], dependsOn: [c] }, c: { exec: [x], dependsOn: a } }',
      ),
      ['1:40 services.a.dependsOn goes in a circle: a → b → c → a; remove one of these'],
    );
  });

  test('little memory for Node is a warning', async () => {
    const result = await parse('services: { a: { service: x, limits: { memory: 50MB } } }');
    assert.match(result.warnings.map(({ message }) => message).join(), /takes about 50 MB for itself/);
  });

  test('defaults that a part of a block does not change', async () => {
    const { health } = await serviceOf(
      'service: x, health: { startup: { tcp: 1 }, interval: 10s, readiness: none }',
    );
    assert.deepEqual(health.liveness, {
      target: { type: 'heartbeat' },
      intervalMs: 10_000,
      timeoutMs: 5000,
      failures: 3,
      successes: 1,
      delayMs: 0,
    });
    assert.equal(health.readiness, undefined);
    assert.deepEqual([health.startup?.intervalMs, health.startup?.failures], [1000, 30]);
    const { health: none } = await serviceOf('service: x, health: none');
    assert.deepEqual(none, { startup: undefined, readiness: undefined, liveness: undefined });
  });

  test('what is of Windows alone', async () => {
    const windows = { platform: 'win32' } as const;
    assert.match(await problemOf('exec: [x], reload: SIGHUP', windows), /which Windows does not have/);
    assert.match(await problemOf('exec: [x], stop: SIGHUP', windows), /use SIGTERM, SIGINT, SIGBREAK/);
    const { restart } = await serviceOf('exec: [x], restart: { neverOn: 3221225786 }', windows);
    assert.deepEqual(restart.neverOn, [0xc000013a]);
  });
});
