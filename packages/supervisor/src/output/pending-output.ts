/** Lines that wait for the disk; never part of a line's text, so that any of them can be dropped. */
export interface PendingUnit {
  readonly bytes: Buffer;
  readonly lines: number;
  /** No line of the instance was open before it: the file may be rotated here. */
  readonly clean: boolean;
}

/** The queue of one file, oldest first. Its bound is its owner's business. */
export class PendingOutput {
  readonly #units: PendingUnit[] = [];
  #bytes = 0;

  get bytes(): number {
    return this.#bytes;
  }

  get isEmpty(): boolean {
    return this.#units.length === 0;
  }

  get units(): readonly PendingUnit[] {
    return this.#units;
  }

  push(unit: PendingUnit): void {
    this.#units.push(unit);
    this.#bytes += unit.bytes.length;
  }

  /** Takes the oldest away. */
  shift(): PendingUnit | undefined {
    const unit = this.#units.shift();
    if (unit) this.#bytes -= unit.bytes.length;
    return unit;
  }

  /** The oldest units that may be written at once: up to `maxBytes`, and none but the first that is clean. */
  batch(maxBytes: number): readonly PendingUnit[] {
    let bytes = 0;
    const end = this.#units.findIndex((unit, index) => {
      bytes += unit.bytes.length;
      return index > 0 && (unit.clean || bytes > maxBytes);
    });
    return end < 0 ? [...this.#units] : this.#units.slice(0, end);
  }
}
