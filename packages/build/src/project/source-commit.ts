import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

/**
 * The commit that the folder is checked out at, with `-dirty` behind it when tracked files differ; undefined outside a
 * Git working tree or without Git.
 */
export async function sourceCommit(folder: string, signal: AbortSignal): Promise<string | undefined> {
  // Inside a Git hook these name the repository of the hook, whatever the folder is.
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('GIT_')));
  const git = async (...args: string[]): Promise<string> =>
    (
      await promisify(execFile)('git', ['-C', folder, ...args], { signal, env, encoding: 'utf8' })
    ).stdout.trim();
  try {
    const commit = await git('rev-parse', '--verify', 'HEAD');
    const changes = await git('status', '--porcelain', '--untracked-files=no', '--', folder);
    return changes === '' ? commit : `${commit}-dirty`;
  } catch {
    signal.throwIfAborted();
    return undefined;
  }
}
