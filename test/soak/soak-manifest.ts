import type { Manifest } from '@mainstay/supervisor';

import { manifestOf } from '../fault/world/index.ts';
import type { SeededRandom } from '../sim/random.ts';
import { plain, probed, soakServices, type Variant } from './services.ts';

const first: Variant = { instances: 1, env: '0' };

/** The manifest that is wanted now; it changes a little with every `change`. */
export class SoakManifest {
  readonly holdsMemory: boolean;
  readonly #base: string;
  readonly #variants = new Map<string, Variant>();
  #withExtra = false;

  constructor(base: string, holdsMemory: boolean) {
    this.#base = base;
    this.holdsMemory = holdsMemory;
  }

  current(): Manifest {
    const { holdsMemory } = this;
    const variantOf = (name: string): Variant => this.#variants.get(name) ?? first;
    return manifestOf(...soakServices(this.#base, variantOf, { withExtra: this.#withExtra, holdsMemory }));
  }

  change(random: SeededRandom): void {
    if (random.chance(0.3)) this.#withExtra = !this.#withExtra;
    const name = random.pick([...plain, ...probed]);
    this.#variants.set(name, { instances: 1 + random.below(3), env: String(random.below(1000)) });
  }
}
