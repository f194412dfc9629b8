import { nodeFromValue } from '../tree.ts';
import type { ConfigSource } from './source.ts';

/** Defaults in code, below everything else. Strings may hold placeholders: `{ port: '${PORT:8080}' }`. */
export function defaultsSource(defaults: unknown): ConfigSource {
  return {
    name: 'defaults',
    kind: 'default',
    load() {
      const node = nodeFromValue(defaults, { kind: 'default' });
      return node ? { node } : {};
    },
  };
}
