import type { StandardJSONSchemaV1, StandardSchemaV1 } from '@standard-schema/spec';

/**
 * The JSON Schema (draft 2020-12) of what the configuration file may hold, if the schema can say it: by Standard JSON
 * Schema (zod, ArkType …), or by `convert` for a library that has a function for it (`z.toJSONSchema` of zod/mini).
 * Undefined when it cannot, also for a schema with parts that JSON Schema does not have.
 */
export function configJsonSchema(
  schema: StandardSchemaV1,
  convert?: (schema: StandardSchemaV1) => Record<string, unknown>,
): Record<string, unknown> | undefined {
  const standard = schema['~standard'] as Partial<StandardJSONSchemaV1.Props>;
  try {
    if (standard.jsonSchema) return standard.jsonSchema.input({ target: 'draft-2020-12' });
    return convert?.(schema);
  } catch {
    return undefined;
  }
}

/** A schema that takes any map, for a service without one. */
export const anyConfig: StandardSchemaV1<Record<string, unknown>, Record<string, unknown>> = {
  '~standard': {
    version: 1,
    vendor: 'mainstay',
    validate: (value) => ({ value: value as Record<string, unknown> }),
  },
};
