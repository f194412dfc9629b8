import assert from 'node:assert/strict';
import { test } from 'node:test';

import * as fc from 'fast-check';

import { parseManifest, type ManifestLanguage } from '../../src/index.ts';

const language: ManifestLanguage = {
  expand: (text) =>
    text.includes('${MISSING}')
      ? { ok: false, message: 'MISSING is not set' }
      : { ok: true, text: text.replace(/\$\{\w+:(.*?)\}/g, '$1') },
  didYouMean: (word, candidates) =>
    candidates.includes(word.slice(0, -1)) ? `; did you mean ${word.slice(0, -1)}?` : '',
};

function problems(text: string): string[] {
  const result = parseManifest(text, language);
  assert.ok(!result.ok, 'expected problems');
  return result.problems.map(({ line, column, message }) => `${line}:${column} ${message}`);
}

test('a manifest of services', () => {
  const result = parseManifest(
    `
services:
  orders:
    service: examples/orders-api
    env: { PORT: "\${PORT:8080}", COUNT: 3, YES: true }
    restart: { policy: on-failure, backoff: 2s..1m }
  ticker: { service: examples/ticker }
`,
    language,
  );
  assert.ok(result.ok);
  const [orders, ticker] = result.manifest.services;
  assert.equal(orders?.name, 'orders');
  assert.deepEqual(orders?.env, { PORT: '8080', COUNT: '3', YES: 'true' });
  assert.equal(orders?.restart.policy, 'on-failure');
  assert.equal(orders?.restart.backoffMinMs, 2000);
  assert.equal(orders?.restart.backoffMaxMs, 60_000);
  assert.equal(orders?.line, 3);
  assert.equal(ticker?.service, 'examples/ticker');
  assert.equal(ticker?.restart.policy, 'always');
});

test('a key that is given twice is one problem of several', () => {
  assert.deepEqual(
    problems('services:\n  a: { service: x, service: y }\n  b: { servicee: x }\n  a: { service: z }\n'),
    [
      '2:20 The key "service" is given twice in services.a; the first is in line 2',
      '3:3 services.b needs "service": the folder or entry file of a Mainstay service',
      '3:8 Unknown key "servicee" in services.b; did you mean service?',
      '4:3 The key "a" is given twice in services; the first is in line 2',
    ],
  );
});

test('all problems at once, each with line and column', () => {
  assert.deepEqual(
    problems(`services:
  Orders!:
    service: [a]
  b:
    servicee: x
    env: { 1X: 2, Y: "\${MISSING}" }
    restart: { policy: sometimes, backoff: 60s..1s }
    instances: 2
version: 3
`),
    [
      '2:3 "Orders!" cannot be the name of a service: use lower-case letters, digits, dots, dashes and underscores, at most 80',
      '3:14 services.Orders!.service must be text',
      '4:3 services.b needs "service": the folder or entry file of a Mainstay service',
      '5:5 Unknown key "servicee" in services.b; did you mean service?',
      '6:12 "1X" cannot be the name of an environment variable',
      '6:22 services.b.env.Y: MISSING is not set',
      '7:24 services.b.restart.policy is "sometimes"; use always, on-failure, never',
      '7:44 services.b.restart.backoff is "60s..1s"; write the shortest and the longest wait, such as 1s..60s',
      '8:5 services.b.instances is not supported yet by this version; remove it',
      '9:1 Unknown key "version" in mainstay.yaml; known are services',
    ],
  );
});

test('what a later version brings is refused, not ignored', () => {
  for (const key of ['exec', 'instances', 'health', 'limits', 'logs', 'dependsOn'])
    assert.match(
      problems(`services: { a: { service: x, ${key}: 1 } }`).join(),
      new RegExp(`services\\.a\\.${key} is not supported yet`),
    );
});

test('files that are no manifest', () => {
  assert.match(problems('').join(), /must be a map/);
  assert.match(problems('[1]').join(), /1:1 mainstay.yaml must be a map/);
  assert.match(problems('services:\n').join(), /services must be a map/);
  assert.match(problems('services: {}\n').join(), /There is no service below/);
  assert.match(problems('a: [\n').join(), /Not valid YAML/);
});

test('any text is a manifest or a list of problems', () => {
  const fragments = fc.constantFrom(
    'services',
    ':',
    ' ',
    '\n',
    '  a',
    '{',
    '}',
    '[',
    'env',
    'service: x',
    '&a',
    '*a',
    '"',
    '-',
    '!!js',
  );
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.array(fragments).map((parts) => parts.join('')),
      ),
      (text) => {
        const result = parseManifest(text, language);
        if (result.ok) assert.ok(result.manifest.services.length > 0);
        else for (const { line, column } of result.problems) assert.ok(line >= 1 && column >= 1);
      },
    ),
  );
});
