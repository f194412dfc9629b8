import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { describe, it } from 'node:test';
import { identify, isAlive, type ProcessTable } from '../../src/index.ts';

/** A machine where each process has its start time in ticks; `)` and spaces may be part of a command's name. */
function tableOf(ticks: Readonly<Record<number, string>>, own = 500, state = 'S'): ProcessTable {
  return {
    platform: 'linux',
    pid: own,
    exists: (pid) => pid in ticks,
    readLink: () => 'pid:[4026531836]',
    startOf: () => assert.fail('there is /proc'),
    readText(path) {
      if (path.endsWith('boot_id')) return 'boot-1\n';
      const pid = Number(path.split('/')[2]);
      if (!(pid in ticks)) throw new Error('ENOENT');
      return `${pid} (a) S 9 ) ${state} ${'0 '.repeat(18)}${ticks[pid]} 7 7\n`;
    },
  };
}

describe('identity of a process', () => {
  it('is the boot and the start time, and the namespace it is seen in', () => {
    assert.deepEqual(identify(12, tableOf({ 12: '345' })), {
      pid: 12,
      started: 'boot-1:345',
      namespace: '4026531836',
    });
  });

  it('lives while the same process runs, and not when the pid has been given to another', () => {
    const identity = identify(12, tableOf({ 12: '345' }));
    assert.equal(isAlive(identity, tableOf({ 12: '345' })), true);
    assert.equal(isAlive(identity, tableOf({ 12: '999' })), false);
    assert.equal(isAlive(identity, tableOf({})), false);
  });

  it('a zombie has ended', () => {
    const identity = identify(12, tableOf({ 12: '345' }));
    assert.equal(isAlive(identity, tableOf({ 12: '345' }, 500, 'Z')), false);
  });

  it('in doubt it lives: without a start time only the pid counts', () => {
    assert.equal(isAlive({ pid: 12, started: '', namespace: '4026531836' }, tableOf({ 12: '1' })), true);
  });

  it('in another namespace nothing can be seen; PID 1 takes it for its forerunner', () => {
    const foreign = { pid: 1, started: 'boot-1:1', namespace: '1' };
    assert.equal(isAlive(foreign, tableOf({ 1: '5' }, 500)), true);
    assert.equal(isAlive(foreign, tableOf({ 1: '5' }, 1)), false);
  });

  it('holds for real processes of this machine', async () => {
    assert.equal(isAlive(identify(process.pid)), true);
    const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)']);
    await once(child, 'spawn');
    const identity = identify(child.pid ?? 0);
    assert.notEqual(identity.started, '');
    assert.equal(isAlive(identity), true);
    child.kill('SIGKILL');
    await once(child, 'exit');
    assert.equal(isAlive(identity), false);
  });
});
