import { readFileSync } from 'node:fs';

import { writeFileAtomic } from '@mainstay/platform';

/** Bytes of chance in a token: 256 bits. */
const tokenBytes = 32;

/** Writes a new token that only the account of the agent can read, where the file system keeps others out. */
export async function makeToken(file: string): Promise<string> {
  const { randomBytes } = await import('node:crypto');
  const token = randomBytes(tokenBytes).toString('hex');
  await writeFileAtomic(file, `${token}\n`, { mode: 0o600 });
  return token;
}

export function readToken(file: string): string {
  return readFileSync(file, 'utf8').trim();
}

/** The value of the header that shows it (RFC 6750, 2.1). */
export const bearer = (token: string): string => `Bearer ${token}`;

/** Compares in a time that does not tell how much of it is right. */
export function isToken(header: string | undefined, token: string): boolean {
  const { timingSafeEqual } = process.getBuiltinModule('node:crypto');
  const given = Buffer.from(header ?? '');
  const wanted = Buffer.from(bearer(token));
  return given.length === wanted.length && timingSafeEqual(given, wanted);
}
