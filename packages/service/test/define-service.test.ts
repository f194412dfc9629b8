import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { z } from 'zod';
import { defineService, Service, type ServiceContext, type ServiceDefinition } from '../src/index.ts';

const start = (): { stop(): void } => ({ stop() {} });
const valid = { name: 'orders', start };

describe('defineService', () => {
  it('gives the definition back as it is', () => {
    assert.equal(defineService(valid), valid);
  });

  const wrong: ReadonlyArray<readonly [what: string, definition: unknown, message: RegExp]> = [
    ['no name', { start }, /name undefined/],
    ['a name with spaces', { name: 'My orders', start }, /"My orders" is not an id/],
    ['a name that begins with a dash', { name: '-x', start }, /not an id/],
    ['a name that leaves its directory', { name: '../x', start }, /not an id/],
    ['a name that is too long', { name: 'a'.repeat(81), start }, /81 characters, and may have 80/],
    ['no start', { name: 'orders' }, /no start function/],
    ['a config that is no schema', { ...valid, config: { port: 80 } }, /not a schema/],
    ['a task that is no function', { ...valid, tasks: { sum: 1 } }, /task "sum"/],
    ['no instances', { ...valid, instances: 0 }, /instances of "orders" are 0/],
    ['half an instance', { ...valid, instances: 1.5 }, /are 1.5/],
    ['a limit of nothing', { ...valid, limits: { stopTimeoutMs: 0 } }, /stopTimeoutMs of "orders" is 0/],
    ['a limit without end', { ...valid, limits: { stopTimeoutMs: Infinity } }, /Infinity/],
    ['null', null, /definition object or a class/],
  ];
  for (const [what, definition, message] of wrong) {
    it(`refuses ${what}`, () =>
      assert.throws(() => defineService(definition as ServiceDefinition), {
        code: 'SERVICE_INVALID_DEFINITION',
        message,
      }));
  }

  it('the longest name is taken', () => {
    assert.equal(defineService({ name: 'a'.repeat(80), start }).name.length, 80);
  });
});

describe('a service as a class', () => {
  const calls: string[] = [];
  class Orders extends Service {
    static readonly definition = { name: 'orders', displayName: 'Orders' };

    override async start(): Promise<void> {
      calls.push(`start ${this.ctx.name}`);
    }

    async stop(): Promise<void> {
      calls.push('stop');
    }

    override reload(change: { readonly changed: readonly string[] }): void {
      calls.push(`reload ${change.changed.join(' ')}`);
    }
  }

  it('is made anew for each start, with its methods as handlers', async () => {
    const definition = defineService(Orders);
    assert.equal(definition.displayName, 'Orders');
    const handlers = await definition.start({ name: 'orders' } as ServiceContext<never, never>);
    await handlers.reload?.({ changed: ['a', 'b'] });
    await handlers.stop();
    assert.deepEqual(calls, ['start orders', 'reload a b', 'stop']);
  });

  it('offers only what the class has', async () => {
    const handlers = await defineService(Orders).start({ name: 'x' } as ServiceContext<never, never>);
    assert.deepEqual(Object.keys(handlers), ['stop', 'reload']);
  });

  it('needs its static definition', () => {
    class Nameless extends Service {
      async stop(): Promise<void> {}
    }
    assert.throws(() => defineService(Nameless as never), {
      code: 'SERVICE_INVALID_DEFINITION',
      message: /class Nameless has no static definition/,
    });
  });
});

describe('types of a class with a config', () => {
  it('are those of its schema', async () => {
    const schema = z.object({ port: z.number() });
    const ports: number[] = [];
    class Web extends Service<typeof schema> {
      static readonly definition = { name: 'web', config: schema };

      override start(): void {
        const { port }: { readonly port: number } = this.ctx.config;
        ports.push(port);
      }

      stop(): void {}
    }
    const definition = defineService(Web);
    await definition.start({ config: { port: 80 } } as ServiceContext<{ port: number }, never>);
    assert.deepEqual(ports, [80]);
  });
});
