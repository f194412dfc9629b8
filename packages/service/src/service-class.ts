import type { StandardSchemaV1 } from '@standard-schema/spec';
import type {
  ConfigOf,
  ControlHandlers,
  ServiceContext,
  ServiceDefinition,
  ServiceHandlers,
  Tasks,
} from './types.ts';

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
  Schema extends StandardSchemaV1 | undefined = undefined,
  // oxlint-disable-next-line typescript/no-generated-empty-object-type -- without tasks there is no name to run
  TaskMap extends Tasks = Record<never, never>,
> implements ServiceInstance {
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

/** What a service as a class does; `Service` implements it. */
export interface ServiceInstance extends ServiceHandlers {
  start(): void | Promise<void>;
}

/** The class itself: how the service is called is static, what it does is in the instance that is made at start. */
export interface ServiceClass<Schema extends StandardSchemaV1 | undefined, TaskMap extends Tasks> {
  readonly name: string;
  readonly definition: ClassDefinition<Schema, TaskMap>;
  new (ctx: ServiceContext<ConfigOf<NoInfer<Schema>>, NoInfer<TaskMap>>): ServiceInstance;
}

/** A definition whose start is the class's. */
export interface ClassDefinition<
  Schema extends StandardSchemaV1 | undefined,
  TaskMap extends Tasks,
> extends Omit<ServiceDefinition, 'config' | 'instances' | 'start' | 'tasks'> {
  readonly config?: Schema;
  readonly tasks?: TaskMap;
  readonly instances?: number | ((config: ConfigOf<NoInfer<Schema>>) => number);
}
