import type { ProbeKind, SupervisorEvent } from '@mainstay/supervisor';

/** Upper bounds in seconds; those of Prometheus' client libraries up to the default time limit of a probe, 5 s. */
export const probeBuckets = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5] as const;

export interface ProbeCounts {
  /** How many fell into each of `probeBuckets`, not cumulative; the last is for what was slower. */
  readonly buckets: number[];
  seconds: number;
  failures: number;
}

/** What is counted as it happens, because no view tells it: some numbers per service, and nothing of a library. */
export class EventCounts {
  readonly #probes = new Map<string, Map<ProbeKind, ProbeCounts>>();
  readonly #outOfMemory = new Map<string, number>();
  readonly #crashLoops = new Map<string, number>();

  take(event: SupervisorEvent): void {
    if (event.type === 'probe') this.#probe(event.id.service, event.kind, event.result);
    if (event.type === 'ended' && event.end.outOfMemory) increase(this.#outOfMemory, event.id.service);
    if (event.type === 'crash-loop' && event.parked) increase(this.#crashLoops, event.id.service);
  }

  probesOf(service: string): ReadonlyMap<ProbeKind, ProbeCounts> {
    return this.#probes.get(service) ?? new Map();
  }

  outOfMemoryOf(service: string): number {
    return this.#outOfMemory.get(service) ?? 0;
  }

  crashLoopsOf(service: string): number {
    return this.#crashLoops.get(service) ?? 0;
  }

  /** Forgets the services that are not there any more. */
  keepOnly(services: ReadonlySet<string>): void {
    for (const map of [this.#probes, this.#outOfMemory, this.#crashLoops])
      for (const service of map.keys()) if (!services.has(service)) map.delete(service);
  }

  #probe(service: string, kind: ProbeKind, result: { readonly ok: boolean; readonly tookMs: number }): void {
    const kinds = this.#probes.get(service) ?? new Map<ProbeKind, ProbeCounts>();
    this.#probes.set(service, kinds);
    const counts = kinds.get(kind) ?? {
      buckets: Array(probeBuckets.length + 1).fill(0),
      seconds: 0,
      failures: 0,
    };
    kinds.set(kind, counts);
    const seconds = result.tookMs / 1000;
    const bucket = probeBuckets.findIndex((bound) => seconds <= bound);
    const index = bucket < 0 ? probeBuckets.length : bucket;
    counts.buckets[index] = (counts.buckets[index] ?? 0) + 1;
    counts.seconds += seconds;
    if (!result.ok) counts.failures++;
  }
}

function increase(counts: Map<string, number>, key: string): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}
