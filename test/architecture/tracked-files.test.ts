import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { it } from 'node:test';

const root = join(import.meta.dirname, '../..');

/** Paths of this machine: the checkout's, its neighbours', the home folder's hidden files. */
function machinePaths(): string[] {
  const parent = dirname(root);
  const isShared = ['/', '/tmp', '/home', '/root', '/opt', '/srv', '/var/tmp'].includes(parent);
  return [`${root}/`, ...(isShared ? [] : [`${parent}/`]), `${homedir()}/.`];
}

/** Where something that must not be in a file is: `LINE text`. */
export function unwelcome(text: string, paths: readonly string[]): string[] {
  const hosts = /\b(?:registry|npm|mirror|mirrors|deb|packages)\.[a-z0-9-]+\.(?:org|com|net|io|dev)\b/i;
  return text
    .split('\n')
    .flatMap((line, index) =>
      [hosts.exec(line)?.[0], ...paths.filter((path) => line.includes(path))]
        .filter((found) => found !== undefined)
        .map((found) => `${index + 1} ${found}`),
    );
}

it('finds hosts and paths', () => {
  const host = ['registry', 'example', 'org'].join('.');
  assert.deepEqual(unwelcome(`a\nhttps://${host}/x\n/home/ann/checkout/file`, ['/home/ann/checkout/']), [
    `2 ${host}`,
    '3 /home/ann/checkout/',
  ]);
});

// Whoever clones the project has their own registry, mirror and folders.
it('no tracked file names a registry host or a path of this machine', () => {
  const tracked = execFileSync('git', ['-c', 'safe.directory=*', 'ls-files', '-z'], {
    cwd: root,
    encoding: 'utf8',
  })
    .split('\0')
    .filter(Boolean);
  assert.ok(tracked.length > 10);
  const paths = machinePaths();
  const found = tracked
    .map((file) => join(root, file))
    .filter((path) => existsSync(path))
    .flatMap((path) =>
      unwelcome(readFileSync(path, 'utf8'), paths).map((where) => `${path.slice(root.length + 1)}:${where}`),
    );
  assert.deepEqual(found, []);
});
