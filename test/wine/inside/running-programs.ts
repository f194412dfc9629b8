// Runs under Wine, on Node for Windows; see `running-programs.test.ts`.
import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { describe, it } from 'node:test';
import { hearCtrlC } from '../../../packages/platform/src/windows/hear-ctrl-c.ts';
import { closeWindows, sendConsoleEvent } from '../../../packages/platform/src/windows/reach-program.ts';
import { eventually } from './eventually.ts';

/** As the process runner starts programs: a hidden console of its own. */
async function startListener(): Promise<{ child: ChildProcess; heard: () => string }> {
  const script = `
    process.on('SIGINT', () => { console.log('SIGINT'); process.exit(7); });
    setInterval(() => {}, 1e6);
    console.log('up');
  `;
  const child = spawn(process.execPath, ['-e', script], {
    stdio: ['ignore', 'pipe', 'ignore'],
    windowsHide: true,
  });
  let heard = '';
  child.stdout?.on('data', (chunk: Buffer) => (heard += String(chunk)));
  await eventually('the program', () => heard.includes('up') || undefined);
  return { child, heard: () => heard };
}

describe('a console event', () => {
  it('is heard by the program as SIGINT, and by no neighbour', async () => {
    hearCtrlC();
    const one = await startListener();
    const two = await startListener();
    try {
      const exit = once(one.child, 'exit');
      assert.ok(one.child.pid);
      await sendConsoleEvent(one.child.pid, 'ctrl-c');
      assert.deepEqual(await exit, [7, null]);
      assert.match(one.heard(), /SIGINT/);
      assert.doesNotMatch(two.heard(), /SIGINT/);
      assert.equal(two.child.exitCode, null);
    } finally {
      one.child.kill();
      two.child.kill();
    }
  });

  it('is sent to nobody when the program has ended, which is no failure', async () => {
    const { child } = await startListener();
    const exit = once(child, 'exit');
    child.kill();
    await exit;
    assert.ok(child.pid);
    await sendConsoleEvent(child.pid, 'ctrl-c');
  });
});

describe('the windows of a program', () => {
  it('are looked for by another process, which says that there are none', async () => {
    const { child } = await startListener();
    try {
      assert.ok(child.pid);
      await assert.rejects(closeWindows(child.pid, { timeoutMs: 3_000 }), {
        code: 'PROGRAM_CANNOT_BE_ASKED',
      });
    } finally {
      child.kill();
    }
  });
});
