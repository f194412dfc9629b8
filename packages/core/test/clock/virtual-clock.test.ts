import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { VirtualClock } from '../../src/index.ts';

describe('VirtualClock', () => {
  it('fires what falls due, in the order of time and of setting', () => {
    const clock = new VirtualClock();
    const fired: string[] = [];
    clock.setTimer(20, () => fired.push(`c ${clock.monotonic()}`));
    clock.setTimer(10, () => fired.push(`a ${clock.monotonic()}`));
    clock.setTimer(10, () => fired.push(`b ${clock.monotonic()}`));
    clock.advance(15);
    assert.deepEqual(fired, ['a 10', 'b 10']);
    assert.equal(clock.untilNext, 5);
    clock.advance(5);
    assert.deepEqual(fired, ['a 10', 'b 10', 'c 20']);
    assert.equal(clock.pendingTimers, 0);
  });

  it('fires timers that timers set, within the same advance', () => {
    const clock = new VirtualClock();
    const fired: number[] = [];
    const again = (): void => {
      fired.push(clock.monotonic());
      if (fired.length < 3) clock.setTimer(5, again);
    };
    clock.setTimer(5, again);
    clock.advance(100);
    assert.deepEqual(fired, [5, 10, 15]);
    assert.equal(clock.monotonic(), 100);
  });

  it('a cleared timer does not fire, also when it is due in the same advance', () => {
    const clock = new VirtualClock();
    let fired = false;
    const second = clock.setTimer(10, () => {
      fired = true;
    });
    clock.setTimer(5, () => second.clear());
    clock.advance(20);
    assert.equal(fired, false);
  });

  it('wall time jumps without moving the timers', () => {
    const clock = new VirtualClock(1_000);
    let fired = false;
    clock.setTimer(10, () => {
      fired = true;
    });
    clock.jumpWall(-500);
    assert.deepEqual([clock.now(), clock.monotonic(), fired], [500, 0, false]);
    clock.advance(10);
    assert.deepEqual([clock.now(), clock.monotonic(), fired], [510, 10, true]);
  });
});
