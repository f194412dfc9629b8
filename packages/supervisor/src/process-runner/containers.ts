import type { Container, Containment } from '@mainstay/platform';

import type { ResourceLimits } from '../manifest/types.ts';
import type { RunId } from '../runner/types.ts';

/** The containers of the instances: each serves one run after the other, so that a restart need not make one. */
export class Containers {
  readonly #containment: Containment;
  readonly #byName = new Map<string, Container>();

  constructor(containment: Containment) {
    this.#containment = containment;
  }

  /** Empty, with these limits. At once where the containment can do so. */
  take(id: RunId, limits: ResourceLimits): Promise<Container> | Container {
    const name = `${id.service}@${id.instance}`;
    const kept = this.#byName.get(name);
    if (kept?.isEmpty() === true) {
      kept.setLimits(limits);
      return kept;
    }
    // A run that has not come to its end is in the way of the next one of its instance.
    if (kept) return kept.kill().then(() => this.take(id, limits));
    const made = this.#containment.create(name, limits);
    if (!(made instanceof Promise)) return this.#keep(name, made);
    return made.then((container) => this.#keep(name, container));
  }

  /** Those of a service that has ended for good. */
  forget(service: string): void {
    for (const [name, container] of this.#byName) {
      if (name.slice(0, name.lastIndexOf('@')) !== service) continue;
      container.remove();
      this.#byName.delete(name);
    }
  }

  #keep(name: string, container: Container): Container {
    this.#byName.set(name, container);
    return container;
  }
}
