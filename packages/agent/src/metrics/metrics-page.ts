import type { SupervisorEvent } from '@mainstay/supervisor';

import type { DeliveryCounts } from '../alerts/delivery.ts';
import { EventCounts } from './event-counts.ts';
import type { RuntimeMeasurements } from './runtime-families.ts';
import type { ServiceFacts } from './service-families.ts';

export interface MetricsPageOptions {
  /** Of the agent. */
  readonly version: string;
}

export interface PageFacts extends Omit<ServiceFacts, 'counts'> {
  readonly deliveries: readonly DeliveryCounts[];
  /** Of the agent itself; undefined where nobody measures it from the start. */
  readonly runtime: RuntimeMeasurements | undefined;
}

/** The page that Prometheus reads. Until it is asked for the first time only some counters are kept. */
export class MetricsPage {
  readonly #options: MetricsPageOptions;
  readonly #counts = new EventCounts();

  constructor(options: MetricsPageOptions) {
    this.#options = options;
  }

  take(event: SupervisorEvent): void {
    this.#counts.take(event);
  }

  /** Text in Prometheus' exposition format 0.0.4. */
  async render(facts: PageFacts): Promise<string> {
    this.#counts.keepOnly(new Set(facts.views.map(({ name }) => name)));
    const [{ serviceFamilies }, { ownRuntimeFamilies }, { alertFamilies }, { renderPage }] =
      await Promise.all([
        import('./service-families.ts'),
        import('./runtime-families.ts'),
        import('./alert-families.ts'),
        import('./prometheus.ts'),
      ]);
    const agent = {
      name: 'mainstay_agent_info',
      type: 'gauge',
      help: 'Always 1; the labels say which agent it is.',
      samples: [{ labels: { version: this.#options.version, node: process.version }, value: 1 }],
    } as const;
    return renderPage([
      agent,
      ...ownRuntimeFamilies(facts.runtime),
      ...serviceFamilies({ ...facts, counts: this.#counts }),
      ...alertFamilies(facts.deliveries),
    ]);
  }
}
