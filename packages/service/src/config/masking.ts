import { wordsOf } from './key-names.ts';
import type { KeyPath } from './types.ts';

const secretWords = new Set(
  'password passwords passwd pwd passphrase secret secrets token tokens credential credentials authorization cookie apikey'.split(
    ' ',
  ),
);
const secretPairs = new Set(
  'api access private secret signing encryption auth shared account connection'
    .split(' ')
    .flatMap((word) => (word === 'connection' ? [`${word} string`] : [`${word} key`, `${word} keys`])),
);

/** `db.password`, `apiKey`, `SESSION_TOKEN`; not `tokenTtl` or `passwordFile`, whose last word says otherwise. */
export function looksSecret(path: KeyPath): boolean {
  return path.some((segment) => {
    if (typeof segment !== 'string' || !mayLookSecret(segment)) return false;
    const words = wordsOf(segment);
    return secretWords.has(words.at(-1) ?? '') || secretPairs.has(words.slice(-2).join(' '));
  });
}

/** Every secret word and pair has one of these. Splitting each key into words would be felt at start. */
const fragments = ['pass', 'pwd', 'secret', 'token', 'cred', 'auth', 'cookie', 'key', 'string'];

function mayLookSecret(key: string): boolean {
  const lower = key.toLowerCase();
  return fragments.some((fragment) => lower.includes(fragment));
}

/** `postgres://user:hunter2@host/db` → `postgres://user:***@host/db`. */
export function maskUrlPasswords(text: string): string {
  return text.replace(/\b([a-z][a-z0-9+.-]*:\/\/[^\s/:@?#]*):[^\s/?#]*@/gi, '$1:***@');
}
