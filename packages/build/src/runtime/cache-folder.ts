import { homedir } from 'node:os';
import { join } from 'node:path';

/**
 * Where downloads are kept: MAINSTAY_CACHE, or the platform's own place for caches (XDG Base Directory
 * Specification; %LOCALAPPDATA%; ~/Library/Caches).
 */
export function defaultCacheFolder(
  env: NodeJS.ProcessEnv = process.env,
  platform = process.platform,
): string {
  if (env['MAINSTAY_CACHE']) return env['MAINSTAY_CACHE'];
  if (platform === 'win32')
    return join(env['LOCALAPPDATA'] ?? join(homedir(), 'AppData', 'Local'), 'mainstay', 'cache');
  if (platform === 'darwin') return join(homedir(), 'Library', 'Caches', 'mainstay');
  return join(env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'mainstay');
}
