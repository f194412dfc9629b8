import { defineService } from '../define-service.ts';
import { serviceErrors } from '../errors.ts';
import { identified } from '../service-identity.ts';
import type { ServiceDefinition } from '../types.ts';

/** What the entry of a program exports. */
export type LoadService = () => Promise<{ readonly default?: unknown }>;

/**
 * Loads the user's module. Throws SERVICE_NOT_EXPORTED, SERVICE_INVALID_DEFINITION, and what the module throws.
 *
 * @param version the package's, for a definition that names none
 */
export async function loadDefinition(load: LoadService, version?: string): Promise<ServiceDefinition> {
  let exported = (await load()).default;
  // A bundle of CommonJS wraps the default export once more.
  if (isWrapped(exported)) exported = exported.default;
  if ((typeof exported !== 'object' && typeof exported !== 'function') || exported === null) {
    throw serviceErrors.error(
      'SERVICE_NOT_EXPORTED',
      'The entry file has no default export: write `export default defineService({ … })`',
    );
  }
  // An object that did not go through defineService is validated here.
  return identified(defineService(exported as ServiceDefinition), { version });
}

function isWrapped(value: unknown): value is { readonly default: unknown } {
  return typeof value === 'object' && value !== null && 'default' in value && !('start' in value);
}
