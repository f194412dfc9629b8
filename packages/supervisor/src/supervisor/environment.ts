import type { ServiceDeclaration } from '../manifest/types.ts';
import type { RunSpec } from '../runner/types.ts';

/** The specification of one run, with the environment that every program gets. */
export function specOf(
  declaration: ServiceDeclaration,
  id: { readonly instance: number; readonly run: number },
  environment: Readonly<Record<string, string>>,
): RunSpec {
  const service = declaration.name;
  // Of a native service the operating system's manager is the host.
  const isHosted = declaration.program.type === 'service' && declaration.runner === 'process';
  return {
    id: { service, ...id },
    declaration,
    env: {
      ...environment,
      ...declaration.env,
      MAINSTAY_SERVICE: service,
      MAINSTAY_INSTANCE: String(id.instance),
      MAINSTAY_RUN: String(id.run),
      ...(isHosted && { MAINSTAY_HOST: 'supervisor' }),
    },
  };
}
