import type { DeliveryCounts } from '../alerts/delivery.ts';
import type { MetricFamily } from './families.ts';

type Count = Exclude<keyof DeliveryCounts, 'target'>;

/** How the messages to people fare, by target. */
export function alertFamilies(deliveries: readonly DeliveryCounts[]): MetricFamily[] {
  const targets = [...new Set(deliveries.map(({ target }) => target))];
  const family = (name: string, type: 'counter' | 'gauge', help: string, key: Count): MetricFamily => ({
    name,
    type,
    help,
    // Two hooks of one host have one name: what it is made of is secret.
    samples: targets.map((target) => ({
      labels: { target },
      value: deliveries.reduce((sum, each) => sum + (each.target === target ? each[key] : 0), 0),
    })),
  });
  return [
    family('mainstay_alerts_sent_total', 'counter', 'Alerts that arrived.', 'sent'),
    family(
      'mainstay_alerts_failed_total',
      'counter',
      'Alerts that were given up after all attempts.',
      'failed',
    ),
    family(
      'mainstay_alerts_dropped_total',
      'counter',
      'Alerts for which there was no room in the queue.',
      'dropped',
    ),
    family('mainstay_alerts_waiting', 'gauge', 'Alerts that wait for their delivery.', 'waiting'),
  ];
}
