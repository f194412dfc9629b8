import { schemaKeys } from './key-hints.ts';
import { formatKey } from './key-path.ts';
import { envName } from './key-names.ts';
import { maskUrlPasswords } from './masking.ts';
import type { Leaf, ResolvedTree } from './resolve.ts';
import { SecretRegistry } from './secret-registry.ts';
import { didYouMean } from './suggest.ts';
import { deepest, nodeAt } from './tree.ts';
import type { ConfigProblem, KeyPath } from './types.ts';
import { startsWith, type Issue } from './validate.ts';

export interface IssueContext {
  readonly tree: ResolvedTree;
  readonly serviceName: string;
  readonly secrets: SecretRegistry;
  readonly jsonSchema: () => Record<string, unknown> | undefined;
  /** A layer could not be read, so that what is missing may be in there. */
  readonly incomplete: boolean;
}

/** What a validator says, with the place of the value, and without secrets. */
export function problemsOfIssues(issues: readonly Issue[], context: IssueContext): ConfigProblem[] {
  const leaves = [...context.tree.leaves.values()];
  return issues.flatMap((issue): ConfigProblem[] => {
    // Reported already: its placeholder or secret has no value.
    if (leaves.some((leaf) => leaf.readings.length === 0 && related(issue.path, leaf.path))) return [];
    if (issue.unknownKeys.length > 0) return issue.unknownKeys.map((key) => unknownKey(issue, key, context));
    const found = deepest(context.tree.root, issue.path);
    const isSet = found.depth === issue.path.length || found.node.type === 'scalar';
    const key = issue.path.length === 0 ? {} : { key: formatKey(issue.path) };
    if (!isSet) {
      if (context.incomplete) return [];
      const way = `set it in the file, as ${envName(context.serviceName, issue.path)}, or with --set ${formatKey(issue.path)}=VALUE`;
      return [
        { code: 'CONFIG_VALUE', message: `Not set (${scrub(issue, leaves, context)}); ${way}`, ...key },
      ];
    }
    const leaf = context.tree.leaves.get(found.node);
    const shown = leaf && !leaf.sensitive ? ` (got ${showValue(leaf, context.secrets)})` : '';
    const origin = issue.path.length === 0 ? {} : { origin: leaf?.origin ?? found.node.origin };
    return [{ code: 'CONFIG_VALUE', message: scrub(issue, leaves, context) + shown, ...key, ...origin }];
  });
}

function unknownKey(issue: Issue, key: string, context: IssueContext): ConfigProblem {
  const path = [...issue.path, key];
  const node = nodeAt(context.tree.root, path);
  const near = didYouMean(key, schemaKeys(context.jsonSchema(), issue.path));
  return {
    code: 'CONFIG_UNKNOWN_KEY',
    message: `Unknown key${near || '; correct its spelling or remove it'}`,
    key: formatKey(path),
    ...(node && { origin: node.origin }),
  };
}

function showValue(leaf: Leaf, secrets: SecretRegistry): string {
  const text = JSON.stringify(leaf.readings[0]) ?? '';
  return secrets.mask(maskUrlPasswords(text.length > 60 ? `${text.slice(0, 60)}…` : text));
}

/**
 * Validators may repeat their input, whole or cut or changed. Where a message can be about a value that must not be
 * shown, four of its characters in the message are enough to withhold it; elsewhere loaded secrets are masked.
 */
function scrub(issue: Issue, leaves: readonly Leaf[], context: IssueContext): string {
  const near = new SecretRegistry();
  const short: string[] = [];
  for (const leaf of leaves) {
    if (!leaf.sensitive || !related(issue.path, leaf.path)) continue;
    for (const value of leaf.readings.slice(0, 1).map(String)) {
      near.add(value);
      if (value.length > 0 && value.length < 4) short.push(value);
    }
  }
  if (near.mayReveal(issue.message) || short.some((value) => issue.message.includes(value))) {
    return "Does not satisfy the schema (the validator's message is withheld, because it may repeat a secret)";
  }
  const message = context.secrets.mask(maskUrlPasswords(issue.message)).replace(/\.$/, '');
  return message.charAt(0).toUpperCase() + message.slice(1);
}

function related(a: KeyPath, b: KeyPath): boolean {
  return startsWith(a, b) || startsWith(b, a);
}
