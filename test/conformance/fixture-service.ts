// The service under test of the contract suite: does what its config file, a `Plan`, says.
// Run as `fixture-service.ts run --config PLAN.json`, from source or built to an executable.
import { appendFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { defineService, type ServiceContext, type ServiceHandlers } from '@mainstay/service';
import type { StandardSchemaV1 } from '@standard-schema/spec';
import type { Action, Plan } from './behaviour-plan.ts';

/** Plans are written by the suite itself: whatever comes is taken. */
const planSchema: StandardSchemaV1<unknown, Plan> = {
  '~standard': { version: 1, vendor: 'conformance', validate: (value) => ({ value: value as Plan }) },
};

/** Limits are part of the definition, which is made before the config is read. */
const planned = plannedLimits();

export const fixtureService = defineService({
  name: 'conformance-fixture',
  displayName: 'Conformance fixture',
  description: 'Does what its plan says',
  config: planSchema,
  ...(planned && { limits: planned }),

  async start(ctx): Promise<ServiceHandlers> {
    const plan = ctx.config;
    const journal = (event: string, detail?: string): void => {
      const entry = { event, pid: process.pid, at: Date.now(), ...(detail !== undefined && { detail }) };
      appendFileSync(plan.journal, `${JSON.stringify(entry)}\n`);
    };
    const handler = async (name: string, actions: readonly Action[]): Promise<void> => {
      journal(name);
      try {
        for (const action of actions) await perform(action, ctx, journal);
        journal(`${name}-end`);
      } catch (error) {
        journal(`${name}-error`, String(error));
        throw error;
      }
    };

    process.on('exit', (code) => journal('exit', String(code)));
    ctx.signal.addEventListener('abort', () => journal('abort', String(ctx.signal.reason)));
    if (plan.lock !== undefined) await ctx.disposer.lockFile(plan.lock);
    if (plan.temporary) {
      const directory = await ctx.disposer.temporaryDirectory();
      writeFileSync(join(directory, 'file'), 'temporary');
      journal('temporary', directory);
    }
    if (plan.release) ctx.disposer.defer('fixture', () => handler('release', plan.release ?? []));
    if (ctx.startArguments.length > 0) journal('arguments', JSON.stringify(ctx.startArguments));
    await handler('start', plan.start);
    if (plan.background) void background(plan.background, ctx, journal);

    return {
      stop: () => handler('stop', plan.stop),
      ...(plan.pause && {
        pause: () => handler('pause', plan.pause ?? []),
        resume: () => handler('resume', plan.resume ?? []),
      }),
      ...(plan.reload && { reload: () => handler('reload', plan.reload ?? []) }),
      ...(plan.custom && {
        control: Object.fromEntries(
          Object.entries(plan.custom).map(([code, actions]) => [
            code,
            () => handler(`custom-${code}`, actions),
          ]),
        ),
      }),
    };
  },
});

export default fixtureService;

type JournalWriter = (event: string, detail?: string) => void;

async function perform(action: Action, ctx: ServiceContext, journal: JournalWriter): Promise<void> {
  const { gates } = ctx.config as Plan;
  if ('note' in action) journal(action.note);
  else if ('wait' in action) await gate(join(gates, action.wait), action.abortable ? ctx.signal : undefined);
  else if ('checkpoint' in action) ctx.checkpoint(action.checkpoint);
  else if ('status' in action) ctx.status(action.status);
  else if ('fail' in action) throw new Error(action.fail);
  else if ('hang' in action) await new Promise<never>(() => setInterval(() => {}, 60_000));
  else if ('block' in action) block(action.block);
  else if ('requestStop' in action) ctx.requestStop();
  else await crash(action);
}

async function background(
  actions: readonly Action[],
  ctx: ServiceContext,
  journal: JournalWriter,
): Promise<void> {
  for (const action of actions) await perform(action, ctx, journal);
}

async function gate(path: string, signal: AbortSignal | undefined): Promise<void> {
  while (!existsSync(path)) {
    signal?.throwIfAborted();
    await sleep(5);
  }
}

function block(milliseconds: number): void {
  const end = Date.now() + milliseconds;
  while (Date.now() < end);
}

async function crash(action: Action & { readonly crash: 'exception' | 'rejection' | 'exit' }): Promise<void> {
  if (action.crash === 'exit') process.exit('code' in action ? action.code : 0);
  if (action.crash === 'rejection') void Promise.reject(new Error('Conformance rejection'));
  else
    setImmediate(() => {
      throw new Error('Conformance exception');
    });
  await sleep(0);
}

function plannedLimits(): Plan['limits'] {
  const at = process.argv.indexOf('--config');
  const file = at === -1 ? undefined : process.argv[at + 1];
  if (file === undefined || !existsSync(file)) return undefined;
  return (JSON.parse(readFileSync(file, 'utf8')) as Plan).limits;
}
