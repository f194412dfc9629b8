import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, suite, test } from 'node:test';
import type { LibraryDirectory } from '../../src/ffi/directories.ts';
import { libraryDirectories } from '../../src/ffi/directories.ts';
import { ffi } from '../../src/ffi/index.ts';
import { hashOf, type EmbeddedLibrary } from '../../src/ffi/library.ts';
import { loadLibrary } from '../../src/ffi/load.ts';

const bytes = Buffer.from('not a library, but the same to everything except the loader');
const library: EmbeddedLibrary = { bytes, sha256: hashOf(bytes) };
const uid = process.geteuid?.();

suite('the FFI library from source', () => {
  test('is koffi, once', () => {
    const koffi = ffi();
    assert.equal(koffi.load(null).func('int getpid()')(), process.pid);
    assert.equal(ffi(), koffi);
  });
});

suite('the FFI library of an executable', { skip: uid === undefined && 'needs a POSIX system' }, () => {
  let base: string;
  let directory: LibraryDirectory;
  let loaded: string[];
  const load = (directories: readonly LibraryDirectory[], wanted = library) =>
    loadLibrary(
      wanted,
      { exports: {} },
      { directories, anonymousIn: [], dlopen: (_, path) => void loaded.push(path) },
    );
  const folder = () => join(base, 'native', library.sha256);
  const file = () => join(folder(), 'koffi.node');

  beforeEach(() => {
    base = mkdtempSync(join(tmpdir(), 'mainstay-ffi-'));
    directory = { base, below: ['native'], uid };
    loaded = [];
  });
  afterEach(() => rmSync(base, { recursive: true, force: true }));

  test('is placed under its hash, for its owner alone, and used again', () => {
    load([directory]);
    const first = lstatSync(file());
    assert.deepEqual(readFileSync(file()), bytes);
    assert.equal(first.mode & 0o777, 0o600);
    assert.equal(lstatSync(folder()).mode & 0o777, 0o700);
    load([directory]);
    assert.equal(lstatSync(file()).ino, first.ino);
    assert.deepEqual(loaded, [file(), file()]);
    assert.deepEqual(readdirSync(folder()), ['koffi.node']);
  });

  test('that is not the one that was built in is refused before anything is written', () => {
    assert.throws(() => load([directory], { bytes: Buffer.from('other'), sha256: library.sha256 }), {
      code: 'FFI_TAMPERED',
    });
    assert.deepEqual([readdirSync(base), loaded], [[], []]);
  });

  const attacks: Record<string, () => void> = {
    'has another content': () => writeFileSync(file(), 'evil', { mode: 0o600 }),
    'is a symbolic link, even to the right content': () => {
      writeFileSync(join(base, 'elsewhere'), bytes);
      symlinkSync(join(base, 'elsewhere'), file());
    },
    'can be written by others': () => {
      writeFileSync(file(), bytes);
      chmodSync(file(), 0o666);
    },
    'is a directory': () => mkdirSync(file()),
  };
  for (const [what, attack] of Object.entries(attacks)) {
    test(`whose file ${what} is not loaded`, () => {
      mkdirSync(folder(), { recursive: true, mode: 0o700 });
      attack();
      assert.throws(() => load([directory]), { code: 'FFI_TAMPERED' });
      assert.deepEqual(loaded, []);
    });
  }

  const badFolders: Record<string, (path: string) => void> = {
    'that others can write': (path) => {
      mkdirSync(path);
      chmodSync(path, 0o777);
    },
    'that is a symbolic link': (path) => {
      mkdirSync(join(base, 'elsewhere'));
      symlinkSync(join(base, 'elsewhere'), path);
    },
    'that is a file': (path) => writeFileSync(path, ''),
  };
  for (const [what, make] of Object.entries(badFolders)) {
    test(`is not placed in a folder ${what}, but in the next one`, () => {
      make(join(base, 'native'));
      const next = { ...directory, below: ['next'] };
      load([directory, next]);
      assert.deepEqual(loaded, [join(base, 'next', library.sha256, 'koffi.node')]);
      loaded = [];
      assert.throws(() => load([directory]), { code: 'FFI_UNAVAILABLE' });
      assert.deepEqual(loaded, []);
    });
  }

  test('is not placed in a folder of another user', { skip: uid !== 0 && 'needs root' }, () => {
    mkdirSync(join(base, 'native'), { mode: 0o700 });
    // As seen by user 1234, root may own it and 4321 may not.
    load([{ ...directory, uid: 1234 }]);
    const other = { base, below: ['other'], uid: 1234 };
    mkdirSync(join(base, 'other'));
    chownSync(join(base, 'other'), 4321, 4321);
    assert.throws(() => load([other]), { code: 'FFI_UNAVAILABLE', message: /belongs to user 4321/ });
  });

  test('goes to the next directory where loading is forbidden', () => {
    const next = { ...directory, below: ['next'] };
    loadLibrary(
      library,
      { exports: {} },
      {
        anonymousIn: [],
        directories: [directory, next],
        dlopen: (_, path) => {
          loaded.push(path);
          if (!path.includes('next')) throw new Error('failed to map segment from shared object');
        },
      },
    );
    assert.equal(loaded.length, 2);
  });

  test('survives many processes that place it at once', async () => {
    const program = `
      import { loadLibrary } from ${JSON.stringify(new URL('../../src/ffi/load.ts', import.meta.url))};
      import { hashOf } from ${JSON.stringify(new URL('../../src/ffi/library.ts', import.meta.url))};
      const bytes = Buffer.alloc(3_000_000, 'x');
      loadLibrary({ bytes, sha256: hashOf(bytes) }, { exports: {} }, {
        anonymousIn: [], directories: [{ base: ${JSON.stringify(base)}, below: ['native'], uid: ${uid} }], dlopen() {} });`;
    const run = () =>
      new Promise((resolve, reject) => {
        const child = spawn(process.execPath, ['--input-type=module', '-e', program], { stdio: 'inherit' });
        child.on('error', reject).on('close', resolve);
      });
    assert.deepEqual(await Promise.all(Array.from({ length: 6 }, run)), [0, 0, 0, 0, 0, 0]);
    const [hash] = readdirSync(join(base, 'native'));
    assert.deepEqual(readdirSync(join(base, 'native', String(hash))), ['koffi.node']);
  });

  test('on Linux has no name at all', { skip: process.platform !== 'linux' && 'needs Linux' }, () => {
    const contents: Buffer[] = [];
    loadLibrary(
      library,
      { exports: {} },
      {
        anonymousIn: [join(base, 'not-there'), '/dev/shm'],
        directories: [],
        dlopen: (_, path) => {
          loaded.push(path);
          contents.push(readFileSync(path));
        },
      },
    );
    assert.match(String(loaded[0]), /^\/proc\/self\/fd\/\d+$/);
    assert.deepEqual(contents, [bytes]);
  });
});

suite('where the library may lie', () => {
  // oxlint-disable-next-line unicorn/consistent-function-scoping -- belongs to this test
  const bases = (platform: NodeJS.Platform, env: Record<string, string>) =>
    libraryDirectories(platform, env).map((directory) => directory.base);

  test('on Windows: what only administrators can write, then what is the account’s own', () => {
    const env = { ProgramFiles: 'C:\\Program Files', LOCALAPPDATA: 'C:\\Users\\x\\AppData\\Local' };
    assert.deepEqual(bases('win32', env), ['C:\\Program Files', 'C:\\Users\\x\\AppData\\Local']);
  });
  test('on Windows: never on a share, a device path or a relative one', () => {
    for (const path of ['\\\\server\\share', '\\\\?\\C:\\x', 'Program Files', 'C:Program Files', '']) {
      assert.deepEqual(bases('win32', { ProgramFiles: path, LOCALAPPDATA: path }), []);
    }
  });
  test('on macOS: the private temporary directory', () => {
    assert.deepEqual(bases('darwin', {}), [tmpdir()]);
  });
  test('under systemd: the service’s own directories first', () => {
    const env = { RUNTIME_DIRECTORY: '/run/a:/run/b', STATE_DIRECTORY: '/var/lib/a' };
    assert.deepEqual(bases('linux', env), ['/run/a', '/var/lib/a', tmpdir()]);
  });
});
