import type { InstanceView, ServiceView } from '@mainstay/supervisor';

/** One instance as a line of a table; a service that waits for its first has a line as well. */
export interface InstanceRow {
  /** `orders`, or `orders/1` when there are several. */
  readonly label: string;
  readonly service: ServiceView;
  readonly instance: InstanceView | undefined;
}

export function instanceRows(services: readonly ServiceView[]): InstanceRow[] {
  return services.flatMap((service): InstanceRow[] => {
    if (service.instances.length === 0) return [{ label: service.name, service, instance: undefined }];
    return service.instances.map((instance) => ({
      label: labelOf(service, instance.instance),
      service,
      instance,
    }));
  });
}

export function labelOf(service: ServiceView, instance: number): string {
  const isAlone = service.wanted === 1 && service.instances.length <= 1;
  return isAlone ? service.name : `${service.name}/${instance}`;
}

/** One word for people. */
export function stateWord({ service, instance }: InstanceRow): string {
  if (!instance) return service.state;
  if (instance.phase === 'waiting') return 'restarting';
  // What a Mainstay service says of itself knows more than that it has a process.
  if (instance.phase === 'running' && instance.state !== undefined && instance.state !== 'running')
    return instance.state;
  return instance.phase;
}

export type StateTone = 'good' | 'bad' | 'neutral' | 'busy';

/** How a state is coloured. */
export function toneOf(row: InstanceRow): StateTone {
  const word = stateWord(row);
  if (word === 'running') return 'good';
  if (word === 'failed' || word === 'parked' || word === 'unready') return 'bad';
  return word === 'stopped' || word === 'completed' ? 'neutral' : 'busy';
}

/**
 * What the service says of its health, or what its probes do; undefined when nobody asks. A liveness probe that fails is
 * not yet a failure: so many in a row are, and then it is restarted.
 */
export function healthWord({ instance }: InstanceRow): 'ok' | 'degraded' | 'failed' | undefined {
  // What a probe says before the start is over is no news of its health.
  if (instance?.pid === undefined || instance.phase === 'starting') return undefined;
  const { readiness, liveness, startup } = instance.probes;
  if (instance.phase === 'unready' || readiness?.ok === false) return 'failed';
  if (liveness?.ok === false) return 'degraded';
  return instance.health ?? ((readiness ?? liveness ?? startup) ? 'ok' : undefined);
}
