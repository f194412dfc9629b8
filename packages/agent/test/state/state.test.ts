import assert from 'node:assert/strict';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';

import { VirtualClock } from '@mainstay/core';

import { lockDirectories } from '../../src/state/agent-lock.ts';
import { ManifestStore } from '../../src/state/manifest-store.ts';
import { MemoryStore } from '../../src/state/memory-store.ts';
import { prepareDirectory } from '../../src/state/prepare-directory.ts';
import { declaration, manifestOf, recordedLog, temporaryDirectory } from '../fixtures.ts';

const wire = (value: unknown): unknown => JSON.parse(JSON.stringify(value));

describe('the directories of an agent', () => {
  it('are made for their owner alone, and closed when they are not', (t) => {
    const base = temporaryDirectory(t);
    prepareDirectory(join(base, 'a', 'b'));
    assert.equal(statSync(join(base, 'a', 'b')).mode & 0o777, 0o700);
    mkdirSync(join(base, 'open'));
    chmodSync(join(base, 'open'), 0o777);
    prepareDirectory(join(base, 'open'));
    assert.equal(statSync(join(base, 'open')).mode & 0o777, 0o700);
  });

  it('may be links to their owner', (t) => {
    const base = temporaryDirectory(t);
    mkdirSync(join(base, 'private'), { mode: 0o700 });
    symlinkSync(join(base, 'private'), join(base, 'link'));
    prepareDirectory(join(base, 'link'));
  });

  it(
    'are refused when they belong to somebody else, or are none',
    { skip: process.platform === 'win32' },
    (t) => {
      const base = temporaryDirectory(t);
      const uid = statSync(base).uid;
      if (uid !== 0)
        assert.throws(() => prepareDirectory(base, { uid: uid + 1 }), {
          code: 'AGENT_DIRECTORY_WRONG_OWNER',
        });
      writeFileSync(join(base, 'file'), '');
      assert.throws(() => prepareDirectory(join(base, 'file')), { code: 'AGENT_DIRECTORY_UNWRITABLE' });
      assert.throws(() => prepareDirectory('/proc/mainstay/state'), { code: 'AGENT_DIRECTORY_UNWRITABLE' });
    },
  );
});

describe('the lock of an agent', () => {
  it('keeps a second one out, and is free again', (t) => {
    const directory = temporaryDirectory(t);
    const { logger } = recordedLog();
    const lock = lockDirectories([directory, directory], logger);
    assert.throws(() => lockDirectories([directory], logger), {
      code: 'AGENT_ALREADY_RUNNING',
      message: `An agent runs already: process ${process.pid} holds ${directory}; use that one, stop it first, or give this one directories of its own`,
      details: { directory, pid: process.pid },
    });
    lock.release();
    lockDirectories([directory], logger).release();
    assert.deepEqual(readdirSync(directory), []);
  });

  it('is released for the first directory when the second is taken', (t) => {
    const [first, second] = [temporaryDirectory(t), temporaryDirectory(t)];
    const { logger } = recordedLog();
    const held = lockDirectories([second], logger);
    assert.throws(() => lockDirectories([first, second], logger), { code: 'AGENT_ALREADY_RUNNING' });
    lockDirectories([first], logger).release();
    held.release();
  });

  it('is taken over from a process that is gone, and from a loss of power', (t) => {
    const directory = temporaryDirectory(t);
    const { logger, lines } = recordedLog();
    const path = join(directory, 'agent.lock');
    const lock = lockDirectories([directory], logger);
    const content = JSON.parse(readFileSync(path, 'utf8')) as object;
    writeFileSync(path, `${JSON.stringify({ ...content, started: 'before' })}\n`);
    const next = lockDirectories([directory], logger);
    assert.ok(next.tookOver && !lock.tookOver);
    assert.match(lines.at(-1)?.message ?? '', /without its clean-up/);
    writeFileSync(path, '');
    assert.ok(!lockDirectories([directory], logger).tookOver);
  });
});

describe('the manifest on disk', () => {
  const open = (directory: string, log = recordedLog()) =>
    new ManifestStore({ directory, log: log.logger, now: () => 42 });

  it('is there for the next agent, with the one before it', async (t) => {
    const directory = temporaryDirectory(t);
    const store = open(directory);
    assert.equal(store.current, undefined);
    await store.replace(manifestOf(declaration('a')));
    await store.replace(manifestOf(declaration('b')));
    const next = open(directory);
    assert.deepEqual(next.current, wire({ manifest: manifestOf(declaration('b')), appliedAt: 42 }));
    assert.deepEqual(next.previous, wire({ manifest: manifestOf(declaration('a')), appliedAt: 42 }));
    assert.equal(statSync(join(directory, 'manifest.json')).mode & 0o777, 0o600);
  });

  for (const [what, content] of [
    ['is cut', '{"version":1,"manif'],
    ['is empty', ''],
    ['is of another kind', '{"version":1,"manifest":{"services":[{}]}}'],
    ['is of another version', '{"version":99,"manifest":{}}'],
  ] as const) {
    it(`is set aside when it ${what}, and the one before it is used`, async (t) => {
      const directory = temporaryDirectory(t);
      const store = open(directory);
      await store.replace(manifestOf(declaration('a')));
      await store.replace(manifestOf(declaration('b')));
      writeFileSync(join(directory, 'manifest.json'), content);
      const log = recordedLog();
      const next = open(directory, log);
      assert.deepEqual(next.current?.manifest, wire(manifestOf(declaration('a'))));
      assert.equal(readFileSync(join(directory, 'manifest.json.damaged-42'), 'utf8'), content);
      assert.deepEqual(
        log.lines.map(({ level }) => level),
        ['warn', 'warn'],
      );
    });
  }

  it('stays the old one when the new one cannot be saved', async (t) => {
    const directory = temporaryDirectory(t);
    const store = open(directory);
    await store.replace(manifestOf(declaration('a')));
    // A directory in its place cannot be replaced by a file, not even by root.
    mkdirSync(join(directory, 'manifest.previous.json', 'x'), { recursive: true });
    await assert.rejects(store.replace(manifestOf(declaration('b'))), { code: 'AGENT_STATE_UNWRITABLE' });
    assert.equal(store.current?.manifest.services[0]?.name, 'a');
    assert.equal(open(directory).current?.manifest.services[0]?.name, 'a');
  });

  it('is read again for a reload, and kept when that is damaged', async (t) => {
    const directory = temporaryDirectory(t);
    const store = open(directory);
    await store.replace(manifestOf(declaration('a')));
    await open(directory).replace(manifestOf(declaration('b')));
    assert.equal(store.reread()?.manifest.services[0]?.name, 'b');
    writeFileSync(join(directory, 'manifest.json'), '{');
    assert.equal(store.reread()?.manifest.services[0]?.name, 'b');
  });
});

describe('what the supervisor remembers', () => {
  const state = {
    services: { a: { instances: undefined, isStopped: true, runs: [3], restarts: [{ crash: 2 }] } },
  };

  it('is there for the next agent', (t) => {
    const directory = temporaryDirectory(t);
    const options = { directory, log: recordedLog().logger, clock: new VirtualClock() };
    new MemoryStore(options).write(state);
    assert.deepEqual(new MemoryStore(options).read(), wire(state));
    assert.deepEqual(readdirSync(directory), ['memory.json']);
  });

  it('is forgotten with a warning when it is damaged', (t) => {
    const directory = temporaryDirectory(t);
    const log = recordedLog();
    const options = { directory, log: log.logger, clock: new VirtualClock() };
    for (const text of ['', 'null', '{"version":1,"state":{"services":{"a":{"runs":"x"}}}}']) {
      writeFileSync(join(directory, 'memory.json'), text);
      assert.equal(new MemoryStore(options).read(), undefined);
      assert.ok(!existsSync(join(directory, 'memory.json')));
    }
    assert.equal(log.lines.length, 3);
  });

  it('is written later when it cannot be now, and that is told once', (t) => {
    const directory = temporaryDirectory(t);
    const log = recordedLog();
    const clock = new VirtualClock();
    const told: (string | undefined)[] = [];
    const onFailing = (reason: string | undefined) => void told.push(reason);
    const store = new MemoryStore({ directory, log: log.logger, clock, onFailing });
    mkdirSync(join(directory, 'memory.json.tmp'));
    for (let at = 0; at < 5; at += 1) store.write(state);
    clock.advance(60_000);
    assert.deepEqual(
      log.lines.map(({ level }) => level),
      ['error'],
    );
    rmdirSync(join(directory, 'memory.json.tmp'));
    clock.advance(10_000);
    assert.deepEqual(store.read(), wire(state));
    assert.equal(log.lines.at(-1)?.level, 'info');
    assert.deepEqual(
      told.map((reason) => reason?.includes('EISDIR')),
      [true, undefined],
    );
    store.close();
    assert.equal(clock.pendingTimers, 0);
  });
});
