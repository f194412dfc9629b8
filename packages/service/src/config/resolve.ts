import { formatKey } from './key-path.ts';
import { looksSecret } from './masking.ts';
import { originWithin } from './positions.ts';
import { loadSecret, parseSecretReference, type SecretContext } from './secret-reference.ts';
import type { SecretRegistry } from './secret-registry.ts';
import { evaluateTemplate, isWholePlaceholder, mayHavePlaceholder, parseTemplate } from './template.ts';
import { readingsOfSecret, readingsOfText } from './text.ts';
import type { ConfigNode, ScalarNode } from './tree.ts';
import type { ConfigProblem, KeyPath, Origin } from './types.ts';

/** A value of the merged tree, with placeholders and secrets resolved. */
export interface Leaf {
  readonly path: KeyPath;
  readonly origin: Origin;
  /** What it may mean, the likeliest first; empty when it could not be resolved. */
  readonly readings: readonly unknown[];
  /** Its value must not be shown: a loaded secret, or a key that looks like one. */
  readonly sensitive: boolean;
}

export interface ResolvedTree {
  /** The merged tree again, with the origins of resolved values. */
  readonly root: ConfigNode;
  readonly leaves: ReadonlyMap<ConfigNode, Leaf>;
  readonly problems: readonly ConfigProblem[];
  readonly warnings: readonly ConfigProblem[];
}

export interface ResolveContext extends SecretContext {
  readonly secrets: SecretRegistry;
}

/** Only values that survived the merge are resolved, so that an overridden placeholder may be without a value. */
export function resolveTree(root: ConfigNode, context: ResolveContext): ResolvedTree {
  return new Resolver(context).resolve(root);
}

class Resolver {
  readonly #context: ResolveContext;
  readonly #leaves = new Map<ConfigNode, Leaf>();
  readonly #problems: ConfigProblem[] = [];
  readonly #warnings: ConfigProblem[] = [];

  constructor(context: ResolveContext) {
    this.#context = context;
  }

  resolve(root: ConfigNode): ResolvedTree {
    const node = this.#visit(root, []);
    return { root: node, leaves: this.#leaves, problems: this.#problems, warnings: this.#warnings };
  }

  #visit(node: ConfigNode, path: KeyPath): ConfigNode {
    if (node.type === 'list') {
      return { ...node, items: node.items.map((item, index) => this.#visit(item, [...path, index])) };
    }
    if (node.type === 'map') {
      const entries = [...node.entries].map(
        ([key, child]) => [key, this.#visit(child, [...path, key])] as const,
      );
      return { ...node, entries: new Map(entries) };
    }
    const leaf = this.#leaf(node, path);
    // A new node also when nothing changed: an alias puts one node in two places.
    const resolved: ScalarNode = { ...node, origin: leaf.origin };
    this.#leaves.set(resolved, leaf);
    return resolved;
  }

  #leaf(node: ScalarNode, path: KeyPath): Leaf {
    const sensitive = looksSecret(path) && (typeof node.value === 'string' || typeof node.value === 'number');
    if (typeof node.value !== 'string')
      return { path, origin: node.origin, readings: readingsOf(node), sensitive };
    const text = this.#interpolate(node, node.value, path);
    if (!text) return { path, origin: node.origin, readings: [], sensitive };
    const secret = this.#secret(text.text, text.origin, path);
    if (secret) return secret;
    return {
      path,
      origin: text.origin,
      readings: text.typed ? readingsOfText(text.text) : [text.text],
      sensitive,
    };
  }

  #interpolate(node: ScalarNode, value: string, path: KeyPath) {
    if (node.style === 'text') return { text: value, typed: true, origin: node.origin };
    if (!mayHavePlaceholder(value)) return { text: value, typed: false, origin: node.origin };
    const parsed = parseTemplate(value);
    const key = formatKey(path);
    if (!parsed.ok) {
      const origin = originWithin(node.origin, node.raw, value, parsed.error.offset);
      this.#problems.push({ code: 'CONFIG_PLACEHOLDER_SYNTAX', message: parsed.error.message, key, origin });
      return undefined;
    }
    const { text, missing, used } = evaluateTemplate(parsed.template, (name) => this.#context.env[name]);
    for (const name of missing) {
      const origin = originWithin(node.origin, node.raw, value, Math.max(0, value.indexOf(`\${${name}}`)));
      const message = `Environment variable ${name} is not set; set it or write \${${name}:default}`;
      this.#problems.push({ code: 'CONFIG_VARIABLE_MISSING', message, key, origin });
    }
    if (missing.length > 0) return undefined;
    // `url: postgres://app:${DB_PASSWORD}@db/orders`: the key does not look secret, the variable does.
    for (const name of used)
      if (looksSecret([name])) this.#context.secrets.add(this.#context.env[name] ?? '');
    const origin = used.length > 0 ? { ...node.origin, variables: used } : node.origin;
    return { text, typed: node.style !== 'quoted' && isWholePlaceholder(parsed.template), origin };
  }

  #secret(text: string, declared: Origin, path: KeyPath): Leaf | undefined {
    const reference = parseSecretReference(text);
    if (!reference) return undefined;
    const key = formatKey(path);
    const fail = (message: string): Leaf => {
      this.#problems.push({ code: 'CONFIG_SECRET', message, key, origin: declared });
      return { path, origin: declared, readings: [], sensitive: true };
    };
    if ('error' in reference) return fail(reference.error);
    const loaded = loadSecret(reference, declared, this.#context);
    if (!loaded.ok) return fail(loaded.message);
    this.#context.secrets.add(loaded.text);
    for (const message of loaded.warnings) {
      this.#warnings.push({ code: 'CONFIG_SECRET_EXPOSED', message, key, origin: declared });
    }
    const name = reference.source === 'literal' ? 'literal' : `${reference.source}:${reference.name}`;
    const origin: Origin = { kind: 'secret', name, declared };
    return { path, origin, readings: readingsOfSecret(loaded.text), sensitive: true };
  }
}

function readingsOf(node: ScalarNode): readonly unknown[] {
  // `version: 1.10` is a number to YAML; if the schema wants a string, it gets what was written.
  const spelled = node.style === 'plain' && node.value !== null && node.raw !== undefined;
  return spelled ? [node.value, node.raw] : [node.value];
}
