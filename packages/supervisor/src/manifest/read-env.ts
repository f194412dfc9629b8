import type { Value } from './value.ts';

/** Variables by name. */
export function readEnv(value: Value): Readonly<Record<string, string>> {
  const env: Record<string, string> = {};
  for (const [name, field] of value.fields() ?? []) {
    if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name))
      field.refuseKey(`"${name}" cannot be the name of an environment variable`);
    else if (name.startsWith('MAINSTAY_') || name.startsWith('LISTEN_'))
      field.refuseKey(`${name} is set by the agent; leave it out`);
    const text = field.text({ mayBeEmpty: true });
    if (text !== undefined) env[name] = text;
  }
  return env;
}
