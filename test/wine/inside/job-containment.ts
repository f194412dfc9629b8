// Runs under Wine, on Node for Windows; see `job-containment.test.ts`.
import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, rmSync } from 'node:fs';
import { after, describe, it } from 'node:test';
import { silentLogger } from './silent-logger.ts';
import type { Container, ContainmentLimits } from '../../../packages/platform/src/containment/types.ts';
import { createJobContainment } from '../../../packages/platform/src/windows/job-containment.ts';
import { eventually } from './eventually.ts';

const none: ContainmentLimits = {
  memoryHardBytes: undefined,
  memorySoftBytes: undefined,
  cpuPercent: undefined,
  processes: undefined,
  openFiles: undefined,
  priority: undefined,
};

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

/** A program that starts one more, both of which only end when they are killed. */
const tree = `
  const { spawn } = require('node:child_process');
  const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1e6)'], { stdio: 'ignore', detached: true });
  require('node:fs').writeFileSync(process.argv[1], JSON.stringify([process.pid, child.pid]));
  setInterval(() => {}, 1e6);
`;

let count = 0;

async function startTree(container: Container): Promise<{ child: ChildProcess; pids: number[] }> {
  count += 1;
  const file = `C:\\suite\\tree-${process.pid}-${count}.json`;
  const child = spawn(process.execPath, ['-e', tree, file], { stdio: 'ignore', windowsHide: true });
  assert.ok(child.pid);
  container.adopt(child.pid);
  const pids = await eventually('the tree', () => {
    const text = readFileSync(file, 'utf8');
    return text === '' ? undefined : (JSON.parse(text) as number[]);
  });
  rmSync(file);
  return { child, pids };
}

describe('job containment', () => {
  const containment = createJobContainment({ log: silentLogger });
  after(() => containment.close());

  it('ends a tree, with a detached grandchild, at once', async () => {
    const container = await containment.create('tree', none);
    const { child, pids } = await startTree(container);
    const exit = once(child, 'exit');
    assert.deepEqual(pids.filter(isAlive), pids);
    assert.equal(container.isEmpty(), false);
    await container.kill();
    assert.ok(container.isEmpty());
    assert.equal(container.usage(), undefined);
    assert.deepEqual(pids.filter(isAlive), []);
    await exit;
    container.remove();
  });

  it('measures a tree, and each run of a container by itself', async () => {
    const container = await containment.create('measured', none);
    await startTree(container);
    const usage = container.usage();
    assert.ok(
      usage && usage.processes >= 2 && usage.memoryBytes > 1 << 20 && usage.cpuMs > 0,
      JSON.stringify(usage),
    );
    await container.kill();
    container.remove();
  });

  it('takes in what was started before the process was adopted', async () => {
    const container = await containment.create('late', none);
    const file = `C:\\suite\\late-${process.pid}.json`;
    const child = spawn(process.execPath, ['-e', tree, file], { stdio: 'ignore', windowsHide: true });
    const pids = await eventually('the tree', () => JSON.parse(readFileSync(file, 'utf8')) as number[]);
    container.adopt(child.pid ?? 0);
    const exit = once(child, 'exit');
    await container.kill();
    await exit;
    assert.deepEqual(pids.filter(isAlive), []);
    container.remove();
  });

  it('a container of a name that is taken ends the old one', async () => {
    const old = await containment.create('same', none);
    const { pids } = await startTree(old);
    const container = await containment.create('same', none);
    assert.deepEqual(pids.filter(isAlive), []);
    assert.ok(container.isEmpty());
    container.remove();
  });

  it('leaves a neighbour alone', async () => {
    const [one, two] = [await containment.create('one', none), await containment.create('two', none)];
    const [first, second] = [await startTree(one), await startTree(two)];
    await one.kill();
    assert.deepEqual(first.pids.filter(isAlive), []);
    assert.deepEqual(second.pids.filter(isAlive), second.pids);
    await two.kill();
  });

  it('adopting what has ended is no failure', async () => {
    const container = await containment.create('ended', none);
    const child = spawn(process.execPath, ['-e', '0'], { stdio: 'ignore' });
    await once(child, 'exit');
    container.adopt(child.pid ?? 0);
    assert.ok(container.isEmpty());
    container.remove();
  });

  it('limits on memory, processes and priority are accepted (Wine holds nobody to them)', async () => {
    const container = await containment.create('limited', {
      memoryHardBytes: 512 * 1024 * 1024,
      memorySoftBytes: 256 * 1024 * 1024,
      cpuPercent: undefined,
      processes: 8,
      openFiles: undefined,
      priority: 'low',
    });
    const { pids } = await startTree(container);
    container.setLimits(none);
    assert.equal(container.outOfMemoryKills(), 0);
    await container.kill();
    assert.deepEqual(pids.filter(isAlive), []);
    container.remove();
  });

  it('says which limits it does not hold (Wine refuses to cap processor time)', async () => {
    assert.deepEqual(Object.keys(containment.unheldLimits), ['openFiles', 'cpu']);
    assert.match(containment.unheldLimits.cpu ?? '', /error 87/);
    assert.throws(() => containment.create('capped', { ...none, cpuPercent: 50 }), {
      code: 'WINDOWS_CALL_FAILED',
    });
  });
});

describe('an agent that is killed', () => {
  it('leaves nothing behind: children, detached grandchildren, and what was not adopted yet', async () => {
    const file = `C:\\suite\\agent-${process.pid}.json`;
    const agent = spawn(process.execPath, ['C:\\suite\\agent.mjs', file], {
      stdio: 'ignore',
      detached: true,
    });
    const exit = once(agent, 'exit');
    const pids = await eventually('its programs', () => JSON.parse(readFileSync(file, 'utf8')) as number[]);
    assert.equal(pids.length, 4);
    assert.deepEqual(pids.filter(isAlive), pids);
    // TerminateProcess: nothing of it runs any more.
    agent.kill('SIGKILL');
    await exit;
    await eventually('the end of all', () => (pids.some(isAlive) ? undefined : true));
  });

  it('and one that closes its containment lives on', async () => {
    const file = `C:\\suite\\closing-${process.pid}.json`;
    const agent = spawn(process.execPath, ['C:\\suite\\agent.mjs', file, 'close'], {
      stdio: 'ignore',
      detached: true,
    });
    assert.deepEqual(await once(agent, 'exit'), [3, null]);
    const pids = JSON.parse(readFileSync(file, 'utf8')) as number[];
    // The two of its container; the others are for the agent to end.
    assert.deepEqual(pids.slice(0, 2).filter(isAlive), []);
    for (const pid of pids.filter(isAlive)) process.kill(pid);
  });
});
