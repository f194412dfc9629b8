import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { describe, it, type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';

import { Invariants } from './invariants.ts';
import { slopePerMinute } from './slope.ts';
import type { SoakResult } from './soak.ts';

const main = fileURLToPath(new URL('main.ts', import.meta.url));

async function run(
  t: TestContext,
  ...args: readonly string[]
): Promise<{ code: unknown; out: string; err: string }> {
  const { NODE_TEST_CONTEXT: _, ...env } = process.env;
  const child = spawn(process.execPath, [main, ...args], { env, stdio: ['ignore', 'pipe', 'pipe'] });
  t.after(() => child.kill());
  const [out, err, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'exit')]);
  return { code, out, err };
}

describe('a soak', () => {
  it('of 20 seconds finds nothing broken, and says what it did', async (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'mainstay-soak-'));
    t.after(() => rmSync(folder, { recursive: true, force: true }));
    const json = join(folder, 'soak.json');
    const { code, out, err } = await run(t, '--seconds', '20', '--seed', '11', '--json', json);
    assert.equal(code, 0, `${out}${err}`);
    assert.match(out, /Every invariant held/);
    const result = JSON.parse(readFileSync(json, 'utf8')) as SoakResult;
    assert.equal(result.seed, 11);
    assert.deepEqual(result.broken, []);
    assert.ok(Object.values(result.faults).length > 0);
    assert.ok(result.lives.length > 0);
    assert.ok(result.lines.found + result.lines.lostInHand >= result.lines.counted);
  });

  it('explains itself', async (t) => {
    const { code, out } = await run(t, '--help');
    assert.equal(code, 0);
    assert.match(out, /npm run soak -- --minutes 60 --seed 7/);
    const wrong = await run(t, '--minutes', 'ten');
    assert.equal(wrong.code, 2);
    assert.match(wrong.err, /--minutes wants a number above 0, and got "ten"/);
  });

  it('finds the slope', () => {
    assert.equal(slopePerMinute([{ at: 0, value: 1 }]), undefined);
    const points = [0, 1, 2, 3].map((minute) => ({ at: minute * 60_000, value: 100 + 7 * minute }));
    assert.equal(slopePerMinute(points), 7);
  });

  it('counts what stays wrong, and forgives what is wrong for a moment', () => {
    const invariants = new Invariants();
    const process = (run: number) => ({ pid: run, command: 'sleep', service: 'a', instance: 0, run });
    const at = (seconds: number) => ({ at: seconds * 1000, disturbed: new Set<string>() });
    invariants.look([], [], at(0));
    const both = [process(1), process(2)];
    const view = { name: 'a', wanted: 1, instances: [{ instance: 0, phase: 'running' }] } as never;
    invariants.look([view], both, at(1));
    invariants.look([view], [process(2)], at(10));
    invariants.look([view], both, at(20));
    invariants.look([view], both, at(39));
    assert.deepEqual(invariants.broken, []);
    invariants.look([view], both, at(41));
    assert.deepEqual(invariants.broken, ['a/0 has processes of the runs 1, 2 for more than 20 s']);
  });
});
