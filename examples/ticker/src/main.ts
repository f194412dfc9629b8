import { setTimeout as sleep } from 'node:timers/promises';
import { defineService, type ServiceContext } from '@mainstay/service';
import { configSchema } from './config.ts';

/** Custom control: tick now (Windows: `sc control ticker 128`). */
const tickNow = 128;

export default defineService({
  name: 'ticker',
  displayName: 'Ticker',
  description: 'Ticks at a steady interval, and keeps count over restarts',
  config: configSchema,

  async start(ctx) {
    const { interval, warmUp, data } = ctx.config;
    await warmUpSlowly(ctx, warmUp);
    const [{ Metronome }, { TickState }] = await Promise.all([
      import('./metronome.ts'),
      import('./tick-state.ts'),
    ]);
    const state = await TickState.open(data);

    const tick = (missed: number): void => {
      const { count } = state.add(new Date());
      ctx.log.info({ count, ...(missed > 0 && { missed }) }, 'Tick');
      ctx.status(`${count} ticks`);
      state.save().then(
        () => ctx.health.set('state', 'ok'),
        (error: unknown) => {
          ctx.health.set('state', 'degraded', 'The count could not be saved');
          ctx.log.error({ err: error }, 'The count could not be saved; the next tick tries again');
        },
      );
    };
    const metronome = new Metronome({ intervalMs: interval, onBeat: tick });
    metronome.start();
    ctx.status(`${state.ticks.count} ticks`);

    return {
      async stop() {
        metronome.stop();
        await state.save();
      },
      pause() {
        metronome.stop();
        ctx.status(`Paused at ${state.ticks.count} ticks`);
      },
      resume() {
        metronome.start();
        ctx.status(`${state.ticks.count} ticks`);
      },
      reload({ changed }) {
        if (changed.includes('interval')) metronome.setInterval(ctx.config.interval);
      },
      control: { [tickNow]: () => tick(0) },
    };
  },
});

/** Says after each step that it is still at it, so that no service manager takes the slow start for a hung one. */
async function warmUpSlowly(
  ctx: ServiceContext,
  { steps, step }: { readonly steps: number; readonly step: number },
): Promise<void> {
  for (let done = 0; done < steps; done += 1) {
    ctx.status(`Warming up: ${done} of ${steps}`);
    ctx.checkpoint(step * 2 + 1_000);
    await sleep(step, undefined, { signal: ctx.signal });
  }
}
