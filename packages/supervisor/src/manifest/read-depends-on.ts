import type { Dependency } from './types.ts';
import type { Value } from './value.ts';

const conditions = ['started', 'healthy', 'completed'] as const;

/** A name, a list of names, or a map of names and conditions. */
export function readDependsOn(value: Value): readonly Dependency[] {
  const dependencies: Dependency[] = [];
  const add = (field: Value, service: string, condition: Dependency['condition']): void => {
    if (dependencies.some((other) => other.service === service)) field.refuse(`names "${service}" again`);
    else dependencies.push({ service, condition });
  };
  if (value.isMap)
    for (const [service, field] of value.fields() ?? [])
      add(field, service, field.oneOf(conditions) ?? 'started');
  else
    for (const item of value.oneOrMore()) {
      const service = item.text();
      if (service !== undefined) add(item, service, 'started');
    }
  return dependencies;
}
