import type { SupervisorEvent } from '@mainstay/supervisor';

import { EventCounts } from './event-counts.ts';
import type { ServiceFacts } from './service-families.ts';

export interface MetricsPageOptions {
  /** Of the agent. */
  readonly version: string;
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
  async render(facts: Omit<ServiceFacts, 'counts'>): Promise<string> {
    this.#counts.keepOnly(new Set(facts.views.map(({ name }) => name)));
    const [{ serviceFamilies }, { renderPage }] = await Promise.all([
      import('./service-families.ts'),
      import('./prometheus.ts'),
    ]);
    const agent = {
      name: 'mainstay_agent_info',
      type: 'gauge',
      help: 'Always 1; the labels say which agent it is.',
      samples: [{ labels: { version: this.#options.version, node: process.version }, value: 1 }],
    } as const;
    return renderPage([agent, ...serviceFamilies({ ...facts, counts: this.#counts })]);
  }
}
