/** What stands where a secret was. */
export const secretMask = '***';

/** Shorter secrets are not searched for in free text: they would hide half of it. A warning says so at load. */
export const minMaskableLength = 4;

/** Lines of a secret with several that are shorter (`{`, `"type":`) do not give it away. */
const minTellingLine = 12;

/**
 * Knows the secrets that this process has loaded, so that nothing shows them. The logger asks it for every line.
 *
 * INVARIANT: a secret is never removed. After a rotation the old one may still be valid elsewhere, and may still be in
 * an error that is about to be logged.
 */
export class SecretRegistry {
  readonly #texts = new Set<string>();
  #pattern: RegExp | undefined;

  /** Takes the secret, the way it looks within JSON and within a URL, and the lines of a secret with several. */
  add(secret: string): void {
    const lines = secret.split(/\r?\n/).map((line) => line.trim());
    const telling = lines.filter((line) => line.length >= minTellingLine && !/^-----(BEGIN|END) /.test(line));
    for (const text of [secret, ...telling]) {
      for (const form of [text, JSON.stringify(text).slice(1, -1), encodeURIComponent(text.toWellFormed())]) {
        if (form.length >= minMaskableLength) this.#texts.add(form);
      }
    }
    this.#pattern = undefined;
  }

  get size(): number {
    return this.#texts.size;
  }

  /** The text with every secret in it replaced by `***`. */
  mask(text: string): string {
    if (this.#texts.size === 0) return text;
    this.#pattern ??= new RegExp(
      [...this.#texts]
        // The longest first, so that no secret leaves the rest of another that it begins.
        .sort((a, b) => b.length - a.length)
        .map((secret) => secret.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&'))
        .join('|'),
      'g',
    );
    return text.replace(this.#pattern, secretMask);
  }

  /** True when the text has any four neighbouring characters of a secret: enough to call it partly shown. */
  mayReveal(text: string): boolean {
    const lower = text.toLowerCase();
    return [...this.#texts].some((secret) => {
      for (let at = 0; at + minMaskableLength <= secret.length; at += 1) {
        if (lower.includes(secret.slice(at, at + minMaskableLength).toLowerCase())) return true;
      }
      return false;
    });
  }
}
