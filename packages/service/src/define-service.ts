import { serviceNameProblem } from '@mainstay/core';
import type { StandardSchemaV1 } from '@standard-schema/spec';
import { serviceErrors } from './errors.ts';
import type { ServiceClass, ServiceInstance } from './service-class.ts';
import type { ServiceContext, ServiceDefinition, ServiceHandlers, Tasks } from './types.ts';

/**
 * Declares a service; the entry file exports it as default. Takes the definition, or a class that extends `Service`.
 * Throws SERVICE_INVALID_DEFINITION.
 *
 * @example
 * export default defineService({
 *   name: 'orders',
 *   async start(ctx) {
 *     const server = await serveHttp(ctx, handler, { port: 8080 });
 *     return { stop: () => server.close() };
 *   },
 * });
 */
export function defineService<
  Schema extends StandardSchemaV1 | undefined = undefined,
  // oxlint-disable-next-line typescript/no-generated-empty-object-type -- without tasks there is no name to run
  const TaskMap extends Tasks = Record<never, never>,
>(definition: ServiceDefinition<Schema, TaskMap>): ServiceDefinition<Schema, TaskMap>;
export function defineService<
  Schema extends StandardSchemaV1 | undefined = undefined,
  // oxlint-disable-next-line typescript/no-generated-empty-object-type -- without tasks there is no name to run
  const TaskMap extends Tasks = Record<never, never>,
>(serviceClass: ServiceClass<Schema, TaskMap>): ServiceDefinition<Schema, TaskMap>;
export function defineService(given: ServiceDefinition | AnyServiceClass): ServiceDefinition {
  const definition = typeof given === 'function' ? definitionOfClass(given) : given;
  validate(definition);
  return definition;
}

/** Any of them, for the one that is made of it: its types have been checked by the overloads. */
interface AnyServiceClass {
  readonly name: string;
  readonly definition: Omit<ServiceDefinition, 'start'>;
  new (ctx: ServiceContext): ServiceInstance;
}

function definitionOfClass(serviceClass: AnyServiceClass): ServiceDefinition {
  const { definition } = serviceClass;
  if (typeof definition !== 'object' || definition === null) {
    throw invalid(
      `The class ${serviceClass.name} has no static definition: write \`static readonly definition = { name: '…' }\``,
    );
  }
  return {
    ...definition,
    async start(ctx: ServiceContext) {
      const service = new serviceClass(ctx);
      await service.start();
      return handlersOf(service);
    },
  };
}

function handlersOf(service: ServiceInstance): ServiceHandlers {
  return {
    stop: () => service.stop(),
    ...(service.pause && { pause: () => service.pause?.() }),
    ...(service.resume && { resume: () => service.resume?.() }),
    ...(service.reload && {
      reload: (change: { readonly changed: readonly string[] }) => service.reload?.(change),
    }),
    ...(service.control && { control: service.control }),
  };
}

function validate(definition: ServiceDefinition): void {
  if (typeof definition !== 'object' || definition === null) {
    throw invalid('defineService takes a definition object or a class that extends Service');
  }
  const { name, config, tasks, instances, limits } = definition;
  const problem = serviceNameProblem(typeof name === 'string' ? name : '');
  if (problem !== undefined) throw invalid(`The name ${JSON.stringify(name)} is not an id: ${problem}`);
  if (typeof definition.start !== 'function') throw invalid(`The service "${name}" has no start function`);
  if (config !== undefined && typeof config['~standard']?.validate !== 'function') {
    throw invalid(
      `The config of "${name}" is not a schema: give a Standard Schema validator, such as one of zod`,
    );
  }
  for (const [task, run] of Object.entries(tasks ?? {})) {
    if (typeof run !== 'function') throw invalid(`The task "${task}" of "${name}" is not a function`);
  }
  if (
    instances !== undefined &&
    typeof instances !== 'function' &&
    !(Number.isInteger(instances) && instances > 0)
  ) {
    throw invalid(
      `The instances of "${name}" are ${String(instances)}: give a whole number from 1, or a function`,
    );
  }
  for (const [limit, ms] of Object.entries(limits ?? {})) {
    if (typeof ms !== 'number' || !(ms > 0 && Number.isFinite(ms))) {
      throw invalid(
        `The limit ${limit} of "${name}" is ${String(ms)}: give a positive number of milliseconds`,
      );
    }
  }
}

const invalid = (message: string): Error => serviceErrors.error('SERVICE_INVALID_DEFINITION', message);
