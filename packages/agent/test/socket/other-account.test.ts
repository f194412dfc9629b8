// Another account of the machine at the agent's socket: only root can become one.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { chmodSync, chownSync } from 'node:fs';
import { text } from 'node:stream/consumers';
import { describe, it, type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';

import { openApiServer } from '../../src/api/server.ts';
import { endpointIn } from '../../src/socket/endpoint.ts';
import { FakeBackend } from '../api/fake-backend.ts';
import { recordedLog, temporaryDirectory } from '../fixtures.ts';

const isRoot = process.platform !== 'win32' && process.getuid?.() === 0;
const client = fileURLToPath(new URL('fixtures/connect.ts', import.meta.url));
/** Of nobody and of somebody; neither owns anything. */
const [nobody, somebody] = [65_534, 65_533];

interface Told {
  readonly errno: string;
  readonly code: string;
  readonly message: string;
}

/** Undefined when that account may not even read the client. */
async function connectAs(uid: number, path: string): Promise<Told | undefined> {
  const child = spawn(process.execPath, [client, path], { uid, gid: uid, cwd: '/', env: {} });
  const [out, words] = await Promise.all([text(child.stdout), text(child.stderr)]);
  if (out === '' && /EACCES|EPERM|Cannot find module/.test(words)) return undefined;
  assert.notEqual(out, '', words);
  return JSON.parse(out) as Told;
}

async function serve(t: TestContext): Promise<{ readonly directory: string; readonly path: string }> {
  const directory = temporaryDirectory(t);
  const endpoint = endpointIn(directory);
  const log = recordedLog().logger;
  const server = await openApiServer({ endpoint, backend: new FakeBackend(), log, now: Date.now });
  t.after(() => server.close());
  return { directory, path: endpoint.path };
}

describe('another account', { skip: !isRoot && 'only root can become another account' }, () => {
  for (const [what, mode] of [
    ['the directory', 0o700],
    ['the socket itself', 0o755],
  ] as const)
    it(`is kept out by the mode of ${what}, and told so`, async (t) => {
      const { directory, path } = await serve(t);
      chmodSync(directory, mode);
      const told = await connectAs(nobody, path);
      if (!told) return t.skip('another account may not read this checkout');
      assert.equal(told.errno, 'EACCES');
      assert.equal(told.code, 'AGENT_NO_PERMISSION');
      assert.match(told.message, /owner's alone.*sudo/);
    });

  it('is not asked anything when the socket is its', async (t) => {
    const { directory, path } = await serve(t);
    chmodSync(directory, 0o755);
    chmodSync(path, 0o666);
    for (const each of [directory, path]) chownSync(each, somebody, somebody);
    const told = await connectAs(nobody, path);
    if (!told) return t.skip('another account may not read this checkout');
    assert.equal(told.errno, 'connected', 'the modes would allow it');
    assert.equal(told.code, 'AGENT_SOCKET_WRONG_OWNER');
    assert.match(told.message, new RegExp(`belongs to the user ${somebody}, and you are ${nobody}`));
  });
});
