import { formatKey } from '../key-path.ts';
import { envPrefix, keyOfVariable } from '../key-names.ts';
import { nodeFromAssignments, type ScalarNode } from '../tree.ts';
import type { ConfigProblem } from '../types.ts';
import { didYouMean } from '../suggest.ts';
import type { ConfigSource } from './source.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

interface Assignment {
  readonly variable: string;
  readonly path: readonly string[];
  readonly node: ScalarNode;
}

/** `ORDERS_API_HTTP__PORT=8080` sets `http.port` of the service `orders-api`. */
export function environmentSource(
  env: Environment,
  serviceName: string,
  ignore: readonly string[],
): ConfigSource {
  const prefix = `${envPrefix(serviceName)}_`;
  return {
    name: 'environment',
    kind: 'env',
    load({ hints }) {
      const problems: ConfigProblem[] = [];
      const warnings: ConfigProblem[] = [];
      const assignments: Assignment[] = [];
      for (const variable of Object.keys(env).sort()) {
        const value = env[variable];
        const upper = variable.toUpperCase();
        if (value === undefined || !upper.startsWith(prefix) || ignore.includes(upper)) continue;
        const rest = variable.slice(prefix.length);
        if (isServiceLink(rest.toUpperCase(), value)) continue;
        const origin = { kind: 'env', name: variable } as const;
        const mapped = keyOfVariable(rest, hints);
        if (!mapped?.known) {
          const near = mapped
            ? didYouMean(mapped.path.at(-1) ?? '', hints.keysAt(mapped.path.slice(0, -1)))
            : '';
          const message = `Matches no key of the configuration and is ignored${near || '; correct its name or remove it'}`;
          warnings.push({ code: 'CONFIG_VARIABLE_UNKNOWN', message, origin });
          continue;
        }
        const node: ScalarNode = { type: 'scalar', value, style: 'text', origin };
        const rival = assignments.find((other) => overlap(other.path, mapped.path));
        if (rival) {
          const message = `Sets the same key as ${rival.variable}; remove one of the two`;
          problems.push({ code: 'CONFIG_VARIABLE_CONFLICT', message, key: formatKey(mapped.path), origin });
        } else assignments.push({ variable, path: mapped.path, node });
      }
      if (assignments.length === 0) return { problems, warnings };
      return { node: nodeFromAssignments(assignments, { kind: 'env' }), problems, warnings };
    },
  };
}

/** True when one path begins the other: the same key, or a key and one below it. */
function overlap(a: readonly string[], b: readonly string[]): boolean {
  return a.slice(0, b.length).every((key, index) => key === b[index]);
}

/**
 * Kubernetes gives every container the variables of old Docker links for each Service of its namespace. A Service that
 * is named like this service would set `port` to `tcp://10.0.0.1:80`
 * (kubernetes.io/docs/tutorials/services/connect-applications-service, "Environment Variables").
 */
function isServiceLink(rest: string, value: string): boolean {
  if (/^PORT(_\d+_(TCP|UDP|SCTP))?$/.test(rest)) return /^(tcp|udp|sctp):\/\/[^/]+:\d+$/.test(value);
  return /^(PORT_\d+_(TCP|UDP|SCTP)_(PROTO|PORT|ADDR)|SERVICE_HOST|SERVICE_PORT(_[A-Z0-9_]+)?)$/.test(rest);
}
