import type { StandardSchemaV1 } from '@standard-schema/spec';
import type { ConfigOf, ControlHandlers, ServiceContext, ServiceDefinition, Tasks } from './types.ts';

/**
 * A service as a class. Methods that a class does not have are not offered to hosts.
 *
 * @example
 * class Orders extends Service<typeof schema> {
 *   static readonly definition = { name: 'orders', config: schema };
 *   override async start() { … this.ctx.config … }
 *   async stop() { … }
 * }
 * export default defineService(Orders);
 */
export abstract class Service<
  Schema extends StandardSchemaV1 | undefined = StandardSchemaV1 | undefined,
  TaskMap extends Tasks = Tasks,
> {
  protected readonly ctx: ServiceContext<ConfigOf<Schema>, TaskMap>;

  constructor(ctx: ServiceContext<ConfigOf<Schema>, TaskMap>) {
    this.ctx = ctx;
  }

  /** Resolves when the service is up. */
  start(): void | Promise<void> {}

  /** Stop new work, finish what runs, release everything. */
  abstract stop(): void | Promise<void>;

  /** Needs `resume`. */
  pause?(): void | Promise<void>;
  resume?(): void | Promise<void>;
  reload?(change: { readonly changed: readonly string[] }): void | Promise<void>;
  readonly control?: ControlHandlers;
}

/** The class itself: how it is called is static, what it does is in the instance that is made at start. */
export interface ServiceClass<
  Schema extends StandardSchemaV1 | undefined = StandardSchemaV1 | undefined,
  TaskMap extends Tasks = Tasks,
> {
  readonly name: string;
  readonly definition: Omit<ServiceDefinition<Schema, TaskMap>, 'start'>;
  new (ctx: ServiceContext<ConfigOf<Schema>, TaskMap>): Service<Schema, TaskMap>;
}
