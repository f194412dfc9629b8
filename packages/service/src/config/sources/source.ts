import type { KeyHints } from '../key-hints.ts';
import type { ConfigNode } from '../tree.ts';
import type { ConfigProblem, OriginKind } from '../types.ts';

export interface SourceContext {
  /** The layers below, merged. */
  readonly lower: ConfigNode;
  readonly hints: KeyHints;
}

export interface SourceLayer {
  /** Absent when the source has nothing to say. */
  readonly node?: ConfigNode;
  readonly problems?: readonly ConfigProblem[];
  readonly warnings?: readonly ConfigProblem[];
  /** Paths of the files that were read. */
  readonly files?: readonly string[];
}

/**
 * One layer of the configuration. `loadConfig` asks the sources in rising order of precedence and lays each on the
 * ones before; the sources of its `sources` option stand between the profile and the environment.
 *
 * A source of a config centre makes its layer with `nodeFromValue(value, { kind: 'remote', name })`; its strings may
 * hold placeholders and references to secrets, which are resolved on this machine. What `load` throws becomes a
 * `CONFIG_SOURCE` problem.
 */
export interface ConfigSource {
  /** For messages. */
  readonly name: string;
  readonly kind: Exclude<OriginKind, 'secret'>;
  load(context: SourceContext): SourceLayer | Promise<SourceLayer>;
  /** Calls back when the source has new values, until the signal aborts; the service then reloads. */
  watch?(onChange: () => void, signal: AbortSignal): void;
}
