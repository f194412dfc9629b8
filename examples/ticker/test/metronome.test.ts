import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Metronome, type MetronomeClock } from '../src/metronome.ts';

/** Time that goes when it is told to, with timers that are late. */
class SlowClock implements MetronomeClock {
  #now = 0;
  #timer: { readonly at: number; readonly callback: () => void } | undefined;

  monotonic(): number {
    return this.#now;
  }

  setTimer(milliseconds: number, callback: () => void): { clear(): void } {
    const timer = { at: this.#now + milliseconds, callback };
    this.#timer = timer;
    return {
      clear: () => {
        if (this.#timer === timer) this.#timer = undefined;
      },
    };
  }

  get isWaiting(): boolean {
    return this.#timer !== undefined;
  }

  /** Lets the next timer fire, this much after its time. */
  fire(lateMs: number): void {
    const timer = this.#timer;
    assert.ok(timer);
    this.#timer = undefined;
    this.#now = timer.at + lateMs;
    timer.callback();
  }
}

describe('metronome', () => {
  it('does not drift, however late its timers are', () => {
    const clock = new SlowClock();
    let beats = 0;
    const metronome = new Metronome({ intervalMs: 100, clock, onBeat: () => (beats += 1) });
    metronome.start();
    for (let n = 0; n < 1_000; n += 1) clock.fire(n % 90);
    assert.equal(beats, 1_000);
    assert.equal(Math.floor(clock.monotonic() / 100), 1_000);
  });

  it('leaves out beats that were missed, and keeps its rhythm', () => {
    const clock = new SlowClock();
    const missed: number[] = [];
    const metronome = new Metronome({ intervalMs: 100, clock, onBeat: (count) => missed.push(count) });
    metronome.start();
    clock.fire(0);
    clock.fire(350);
    clock.fire(0);
    assert.deepEqual(missed, [0, 3, 0]);
    assert.equal(clock.monotonic(), 600);
  });

  it('takes a new interval at once, and none while it stands still', () => {
    const clock = new SlowClock();
    const metronome = new Metronome({ intervalMs: 100, clock, onBeat: () => undefined });
    metronome.setInterval(50);
    assert.equal(clock.isWaiting, false);
    metronome.start();
    metronome.setInterval(10);
    clock.fire(0);
    assert.equal(clock.monotonic(), 10);
    metronome.stop();
    assert.equal(clock.isWaiting, false);
  });
});
