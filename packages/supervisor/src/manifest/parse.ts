import { crossCheck, type MetricsAddress } from './cross-checks.ts';
import { defaultAlerts, defaultLogStore } from './empty.ts';
import { readAlerts } from './read-alerts.ts';
import { readAddress } from './read-listen.ts';
import { readLogStore } from './read-logs.ts';
import { readService, type ServiceDraft } from './read-service.ts';
import { ManifestReader } from './reader.ts';
import { resolveService } from './resolve.ts';
import type {
  Manifest,
  ManifestLanguage,
  ManifestProblem,
  ManifestResult,
  ManifestSurroundings,
} from './types.ts';
import { Value } from './value.ts';

interface Draft extends Omit<Manifest, 'services'> {
  readonly services: ReadonlyMap<string, ServiceDraft>;
}

/** Reads `mainstay.yaml`, and finds the programs and files that it names; all problems at once, in the order of the file. */
export async function parseManifest(
  text: string,
  language: ManifestLanguage,
  surroundings: ManifestSurroundings,
): Promise<ManifestResult> {
  const reader = new ManifestReader(text, language);
  const inOrder = (problems: readonly ManifestProblem[]): readonly ManifestProblem[] =>
    problems.toSorted((a, b) => a.line - b.line || a.column - b.column);
  if (reader.problems.length > 0) return { ok: false, problems: inOrder(reader.problems), warnings: [] };
  const { services: drafts, ...rest } = readRoot(new Value(reader, '', reader.root, null), surroundings);
  const services = await Promise.all(
    [...drafts.values()].map((draft) => resolveService(draft, surroundings)),
  );
  const warnings = inOrder(reader.warnings);
  if (reader.problems.length > 0) return { ok: false, problems: inOrder(reader.problems), warnings };
  return { ok: true, manifest: { services, ...rest }, positions: reader.positions, warnings };
}

function readRoot(root: Value, surroundings: ManifestSurroundings): Draft {
  const services = new Map<string, ServiceDraft>();
  let alerts = defaultAlerts;
  let logs = defaultLogStore;
  let metrics: MetricsAddress;
  let hasServices = false;
  const isMap = root.block({
    services: (field) => {
      hasServices = true;
      const fields = field.fields();
      if (fields?.size === 0) field.refuse('has no service in it');
      for (const [name, value] of fields ?? []) {
        const draft = readService(name, value, surroundings);
        if (draft) services.set(name, draft);
      }
    },
    alerts: (field) => (alerts = readAlerts(field)),
    metrics: (field) =>
      field.block({
        listen: (value) => {
          const address = readAddress(value);
          metrics = address && { value, address };
        },
      }),
    logs: (field) => (logs = readLogStore(field, surroundings.folder)),
  });
  if (isMap && !hasServices) root.refuse('has no "services" key; add services: with one below it');
  crossCheck(services, metrics);
  return { services, alerts, metrics: { listen: metrics?.address }, logs };
}
