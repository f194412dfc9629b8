import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { it } from 'node:test';
import { acceptsNothing, type Control, type LifecycleStatus, type Logger } from '@mainstay/core';
import { sendControl } from '../../src/control-socket/index.ts';
import { createLaunchdHost } from '../../src/launchd/host.ts';

const log: Logger = {
  trace() {},
  debug() {},
  info() {},
  warn() {},
  error() {},
  fatal() {},
  child: () => log,
};
const starting: LifecycleStatus = {
  state: 'start-pending',
  accepts: acceptsNothing,
  checkpoint: 1,
  waitHintMs: 1_000,
  reloading: false,
  text: '',
};
const skip = process.platform === 'win32' && 'Unix signals only';

it('a launchd host stops on SIGTERM, and takes controls once the service is up', { skip }, async () => {
  const directory = await mkdtemp(join(tmpdir(), 'launchd-host-'));
  const received: Control[] = [];
  const arrived = Promise.withResolvers<void>();
  const host = createLaunchdHost({ log, env: { RUNTIME_DIRECTORY: directory } });
  const path = join(directory, 'control.sock');
  const listeners = process.listenerCount('SIGTERM');
  try {
    await host.attach(
      {
        control(control) {
          received.push(control);
          if (control.type === 'stop') arrived.resolve();
          return 'accepted';
        },
      },
      { isHealthy: () => true },
    );
    host.report(starting);
    assert.equal(existsSync(path), false);
    host.report({ ...starting, state: 'running' });
    assert.equal(await sendControl(path, { type: 'pause' }), 'accepted');
    process.kill(process.pid, 'SIGTERM');
    await arrived.promise;
    assert.deepEqual(received, [{ type: 'pause' }, { type: 'stop', reason: 'stop' }]);
    assert.equal(host.storeDescriptor('x', 0), false);
  } finally {
    await host.detach();
    await rm(directory, { recursive: true, force: true });
  }
  assert.equal(existsSync(path), false);
  assert.equal(process.listenerCount('SIGTERM'), listeners);
});
