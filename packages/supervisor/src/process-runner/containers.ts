import type { Container, Containment } from '@mainstay/platform';

import type { ResourceLimits } from '../manifest/types.ts';
import type { RunId } from '../runner/types.ts';

interface Slot {
  readonly name: string;
  container: Container | undefined;
  /** A run has it, also while its program is not inside yet. */
  isTaken: boolean;
}

/**
 * The containers of the instances: each serves one run after the other, so that a restart need not make one. A run beside
 * another one of the same instance, which a reload may have, gets a second one.
 */
export class Containers {
  readonly #containment: Containment;
  /** By instance: `orders@0`. */
  readonly #slots = new Map<string, Slot[]>();

  constructor(containment: Containment) {
    this.#containment = containment;
  }

  /** Empty, with these limits; to be given back. At once where the containment can do so. */
  take(id: RunId, limits: ResourceLimits): Promise<Container> | Container {
    const slot = this.#freeSlot(id);
    slot.isTaken = true;
    try {
      const taken = this.#fill(slot, limits);
      return taken instanceof Promise ? taken.catch((error: unknown) => failed(slot, error)) : taken;
    } catch (error) {
      return failed(slot, error);
    }
  }

  /** The run has come to its end. */
  giveBack(id: RunId, container: Container): void {
    const slot = this.#slots.get(keyOf(id))?.find((each) => each.container === container);
    if (slot) slot.isTaken = false;
  }

  /** Those of a service that has ended for good. */
  forget(service: string): void {
    for (const [key, slots] of this.#slots) {
      if (key.slice(0, key.lastIndexOf('@')) !== service) continue;
      for (const { container } of slots) container?.remove();
      this.#slots.delete(key);
    }
  }

  #freeSlot(id: RunId): Slot {
    const key = keyOf(id);
    let slots = this.#slots.get(key);
    if (!slots) this.#slots.set(key, (slots = []));
    let slot = slots.find(({ isTaken }) => !isTaken);
    if (!slot) {
      const name = slots.length === 0 ? key : `${key}.${slots.length + 1}`;
      slot = { name, container: undefined, isTaken: true };
      slots.push(slot);
    }
    return slot;
  }

  #fill(slot: Slot, limits: ResourceLimits): Promise<Container> | Container {
    const { container: kept } = slot;
    if (kept && kept.isGone?.() !== true) {
      if (!kept.isEmpty()) return kept.kill().then(() => this.#fill(slot, limits));
      kept.setLimits(limits);
      return kept;
    }
    const made = this.#containment.create(slot.name, limits);
    if (!(made instanceof Promise)) return (slot.container = made);
    return made.then((container) => (slot.container = container));
  }
}

const keyOf = ({ service, instance }: RunId): string => `${service}@${instance}`;

function failed(slot: Slot, error: unknown): never {
  slot.isTaken = false;
  throw error;
}
