/** All samples of one name, as Prometheus' text format groups them. */
export interface MetricFamily {
  readonly name: string;
  readonly type: 'counter' | 'gauge' | 'histogram';
  readonly help: string;
  readonly samples: readonly Sample[];
}

export interface Sample {
  /** @default '' */
  readonly suffix?: '_bucket' | '_sum' | '_count';
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

export type Labels = Readonly<Record<string, string>>;

/** A sample per entry, none where the value is not known. */
export function samplesOf<Item>(
  items: readonly Item[],
  labels: (item: Item) => Labels,
  value: (item: Item) => number | undefined,
): Sample[] {
  return items.flatMap((item) => {
    const known = value(item);
    return known === undefined ? [] : [{ labels: labels(item), value: known }];
  });
}
