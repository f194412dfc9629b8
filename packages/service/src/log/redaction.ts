/** What stands in the place of a value that must not be shown. */
export const redacted = '***';

/** What knows the values that must not be shown anywhere: the config's `SecretRegistry`. */
export interface SecretMask {
  /** The text with every secret in it replaced. */
  mask(text: string): string;
}

const sensitiveKey =
  /(?:password|passwd|passphrase|pwd|secret|token|apikey|accesskey|privatekey|authorization|cookie|credentials?)$/;

const known = new Map<string, boolean>();

/** True for names such as `password`, `clientSecret`, `access_token`, `X-Api-Key`, `Authorization`, `set-cookie`. */
export function isSensitiveKey(key: string): boolean {
  let sensitive = known.get(key);
  if (sensitive === undefined) {
    sensitive = sensitiveKey.test(key.toLowerCase().replaceAll(/[^a-z0-9]/g, ''));
    // Names come from code and repeat; a map of a service's own data could still be endless.
    if (known.size < 1_000) known.set(key, sensitive);
  }
  return sensitive;
}

/** `https://user:pass@host`: the password; `Bearer …`, `Basic …`: what follows. */
const urlPassword = /(:\/\/[^\s/:@"\\]*):[^\s/@"\\]+@/g;
const authScheme = /\b(Bearer|Basic) +[A-Za-z0-9._~+/-]{8,}=*/gi;

/** Masks known secrets, passwords in URLs and bearer tokens wherever they appear in a finished line. */
export function maskLine(line: string, secrets: SecretMask | undefined): string {
  let masked = secrets ? secrets.mask(line) : line;
  if (masked.includes('://')) masked = masked.replace(urlPassword, `$1:${redacted}@`);
  // Cheaper than the expression: most lines have neither word.
  if (masked.includes('earer ') || masked.includes('asic ')) {
    masked = masked.replace(authScheme, `$1 ${redacted}`);
  }
  return masked;
}
