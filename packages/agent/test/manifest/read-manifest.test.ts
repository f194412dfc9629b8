import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import fc from 'fast-check';

import { isAppError } from '@mainstay/core';

import { readManifest, type ShapeProblem } from '../../src/manifest/read-manifest.ts';
import { declaration, manifestOf } from '../fixtures.ts';

/** As it arrives: what is undefined is not there. */
const overTheWire = (value: unknown): unknown => JSON.parse(JSON.stringify(value));

function problemsOf(value: unknown): readonly ShapeProblem[] {
  try {
    readManifest(overTheWire(value));
    return [];
  } catch (error) {
    assert.ok(isAppError(error), String(error));
    assert.equal(error.code, 'AGENT_MANIFEST_INVALID');
    return error.details['problems'] as readonly ShapeProblem[];
  }
}

const everything = manifestOf(
  declaration('a', {
    program: { type: 'service', command: '/node', args: ['x'], source: '/a' },
    env: { A: '1', 'with space': '' },
    user: 'www',
    listen: [{ name: 'http', host: '127.0.0.1', port: 80 }],
    health: {
      startup: {
        target: { type: 'heartbeat' },
        intervalMs: 1,
        timeoutMs: 1,
        failures: 1,
        successes: 1,
        delayMs: 0,
      },
      readiness: {
        target: { type: 'http', url: 'http://x/' },
        intervalMs: 1,
        timeoutMs: 1,
        failures: 1,
        successes: 1,
        delayMs: 0,
      },
      liveness: {
        target: { type: 'loop-delay', maxMs: 1.5 },
        intervalMs: 1,
        timeoutMs: 1,
        failures: 1,
        successes: 1,
        delayMs: 0,
      },
    },
    stop: { by: { type: 'ipc' }, graceMs: 0, reloadSignal: 'SIGHUP' },
    dependsOn: [{ service: 'b', condition: 'healthy' }],
  }),
  declaration('b'),
);

describe('a manifest over the wire', () => {
  it('is taken when it is one', () => {
    assert.deepEqual(problemsOf(everything), []);
    assert.deepEqual(readManifest(overTheWire(everything)), overTheWire(everything));
    assert.deepEqual(problemsOf(manifestOf()), []);
  });

  const cases: readonly (readonly [what: string, value: unknown, path: string, message: RegExp])[] = [
    ['no object', [], 'the manifest', /object/],
    ['an unknown key', { ...manifestOf(), extra: 1 }, 'extra', /not known to this agent/],
    ['a missing key', { ...manifestOf(), alerts: undefined }, 'alerts', /missing/],
    ['a name that is a path', manifestOf(declaration('../a')), 'services[0].name', /lower-case/],
    ['a name twice', manifestOf(declaration('a'), declaration('a')), 'services[1].name', /another service/],
    [
      'a dependency that is not there',
      manifestOf(declaration('a', { dependsOn: [{ service: 'b', condition: 'started' }] })),
      'services[0].dependsOn',
      /not a service/,
    ],
    [
      'dependencies in a circle',
      manifestOf(
        declaration('a', { dependsOn: [{ service: 'b', condition: 'started' }] }),
        declaration('b', { dependsOn: [{ service: 'c', condition: 'started' }] }),
        declaration('c', { dependsOn: [{ service: 'b', condition: 'started' }] }),
      ),
      'dependsOn',
      /b → c → b/,
    ],
    ['a NUL', manifestOf(declaration('a', { env: { A: 'x\0y' } })), 'services[0].env.A', /NUL/],
    ['absurd instances', manifestOf(declaration('a', { instances: 1e9 })), 'services[0].instances', /1024/],
    [
      'a timer that no timer takes',
      manifestOf(
        declaration('a', { stop: { by: { type: 'ipc' }, graceMs: 2 ** 31, reloadSignal: undefined } }),
      ),
      'services[0].stop.graceMs',
      /whole number/,
    ],
    [
      'an unknown way to stop',
      manifestOf(
        declaration('a', { stop: { by: { type: 'prayer' } as never, graceMs: 1, reloadSignal: undefined } }),
      ),
      'services[0].stop.by.type',
      /one of ipc/,
    ],
  ];
  for (const [what, value, path, message] of cases) {
    it(`is refused with ${what}`, () => {
      const [problem] = problemsOf(value);
      assert.equal(problem?.path, path);
      assert.match(problem.message, message);
    });
  }

  it('never fails in another way, whatever comes', () => {
    fc.assert(fc.property(fc.jsonValue(), (value) => void problemsOf(value)));
    const keys = Object.keys(declaration('a'));
    fc.assert(
      fc.property(fc.constantFrom(...keys), fc.jsonValue(), (key, value) => {
        problemsOf(manifestOf({ ...declaration('a'), [key]: value }));
      }),
    );
  });

  it('may be a chain as long as the manifest', () => {
    const chain = Array.from({ length: 2000 }, (_, at) =>
      declaration(`s${at}`, { dependsOn: at === 0 ? [] : [{ service: `s${at - 1}`, condition: 'started' }] }),
    );
    assert.deepEqual(problemsOf(manifestOf(...chain.toReversed())), []);
  });
});
