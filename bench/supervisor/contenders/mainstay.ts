import type { Available } from '../contender.ts';
export function mainstay(_built: string): Available {
  return { ok: false, reason: 'later' };
}
