/** What is shown in place of a secret. */
export const mask = '***';

/** Words at the end of a name that say what the value is: DB_PASSWORD, apiToken, AWS_SECRET_ACCESS_KEY. */
const secretEnd =
  /(pass(word|wd|phrase)?|pwd|secrets?|tokens?|credentials?|cookie|authorization|auth|api_?key|(access|private|secret|signing|encryption|account|shared|license)_?keys?|connection_?string|dsn)$/i;

export function looksSecret(name: string): boolean {
  return secretEnd.test(name.replaceAll('-', '_'));
}

/** `smtp://user:hunter2@host` → `smtp://user:***@host`. */
export function maskUrlPasswords(text: string): string {
  return text.replace(/\b([a-z][a-z0-9+.-]*:\/\/[^\s/:@?#]*):[^\s/?#]*@/gi, `$1:${mask}@`);
}
