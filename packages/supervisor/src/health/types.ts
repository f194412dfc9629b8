import type { ProbeTarget, ServiceDeclaration } from '../manifest/types.ts';
import type { Run } from '../runner/types.ts';

export type ProbeKind = 'startup' | 'readiness' | 'liveness';

export interface ProbeResult {
  readonly ok: boolean;
  /** For people: `200 in 3 ms`, `connection refused`, `no answer within 5s`. */
  readonly detail: string;
  readonly tookMs: number;
}

/** Does one probe. Never rejects; a probe that hangs has failed when `timeoutMs` is over, and leaves nothing behind. */
export interface Prober {
  probe(
    target: ProbeTarget,
    of: {
      readonly run: Run;
      readonly declaration: ServiceDeclaration;
      /** For readiness, a heartbeat is well only when the service says that it is ready. @default 'liveness' */
      readonly kind?: ProbeKind;
    },
    timeoutMs: number,
  ): Promise<ProbeResult>;
}
