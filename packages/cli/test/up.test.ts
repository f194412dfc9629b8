import assert from 'node:assert/strict';
import { createServer, type AddressInfo } from 'node:net';
import { suite, test } from 'node:test';

import { gone, startMainstay, UpFolder } from './up-process.ts';

const options = { timeout: 170_000, skip: process.platform === 'linux' ? false : 'needs /proc' };

suite('mainstay up in a pipe', options, () => {
  test('plain lines, the URL, and Ctrl-C drains and stops all', async () => {
    using folder = new UpFolder();
    folder.manifest({ web: { env: { MODE: 'http', PORT: 0 } }, noisy: { env: { MODE: 'noisy' } } });
    await using up = startMainstay(folder, 'up');
    const [, url = ''] = await up.printed(/^mainstay \| web is at (http:\/\/localhost:\d+)$/m);
    assert.equal(await (await fetch(url)).text(), 'ok');
    await up.printed(/^mainstay \| noisy is running \(pid \d+\)$/m);
    await up.printed(/^noisy {4}\| .*Up and running/m);
    up.signal('SIGINT');
    up.signal('SIGINT');
    assert.equal(await up.ended, 0);
    assert.match(up.output, /^noisy {4}\| .*Drained$/m);
    assert.match(up.output, /^mainstay \| web has stopped after \S+ \(exit code 0\)$/m);
    const changes = up.output.split('\n').filter((line) => /^mainstay \| web (is|has) (?!at)/.test(line));
    assert.deepEqual(
      changes.map((line) => line.split(' ')[4]),
      ['starting', 'running', 'stopping', 'stopped'],
      'one line for each change',
    );
    assert.match(up.output, /^noisy {4}\| screen 注文 red$/m);
    assert.ok(!up.output.includes('\u001B'), 'escapes of services must not get through');
    await assert.rejects(fetch(url));
  });

  test('--json prints one object a line', async () => {
    using folder = new UpFolder();
    folder.manifest({ web: { env: { MODE: 'http', PORT: 0 } } });
    await using up = startMainstay(folder, 'up', '--json');
    await up.printed(/"state":"running"/);
    await up.printed(/"event":"url"/);
    up.signal('SIGTERM');
    assert.equal(await up.ended, 0);
    const events = up.output
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    const states = events.filter(({ event }) => event === 'state').map(({ state }) => state);
    for (const state of ['starting', 'running', 'stopping', 'stopped'])
      assert.ok(states.includes(state), state);
    assert.ok(
      events.some(({ event, log }) => event === 'line' && (log as { msg: string }).msg === 'Listening'),
    );
    assert.deepEqual({ ...events.at(-1), time: '' }, { event: 'end', exitCode: 0, time: '' });
  });

  test('only the services that were named', async () => {
    using folder = new UpFolder();
    folder.manifest({ one: {}, two: {} });
    await using up = startMainstay(folder, 'up', 'two');
    await up.printed(/two is running/);
    up.signal('SIGINT');
    assert.equal(await up.ended, 0);
    assert.doesNotMatch(up.output, /one/);
    await using wrong = startMainstay(folder, 'up', 'twoo');
    assert.equal(await wrong.ended, 2);
    assert.match(wrong.output, /There is no service "twoo".*did you mean two\?/);
  });

  test('a service that fails for good makes up fail, with the reason', async () => {
    using folder = new UpFolder();
    folder.manifest({ bad: { env: { MODE: 'crash' }, restart: '{ policy: never }' } });
    await using up = startMainstay(folder, 'up');
    assert.equal(await up.ended, 1);
    assert.match(
      up.output,
      /bad: It ended with exit code \d+, and its restart policy is never; it will not be started again/,
    );
    assert.match(up.output, /Cannot start today/);
  });

  test('a crash loop is parked while the others run on', async () => {
    using folder = new UpFolder();
    folder.manifest({
      good: {},
      bad: { env: { MODE: 'crash' }, restart: '{ backoff: 1ms..2ms }' },
    });
    await using up = startMainstay(folder, 'up');
    await up.printed(/bad: Ended with exit code 1 after \S+; it will be started again/);
    await up.printed(/bad: Crash loop: 5 starts within \d+s, .*it is tried again later/);
    await up.printed(/good is running/);
    up.signal('SIGINT');
    assert.equal(await up.ended, 1);
  });

  test('a busy port is named together with its service', async () => {
    const server = createServer();
    await new Promise<void>((resolve) => {
      server.listen(0, resolve);
    });
    const { port } = server.address() as AddressInfo;
    try {
      using folder = new UpFolder();
      folder.manifest({ web: { env: { MODE: 'http', PORT: port }, restart: '{ policy: never }' } });
      await using up = startMainstay(folder, 'up');
      assert.equal(await up.ended, 1);
      assert.match(up.output, new RegExp(`web: Port ${port} is in use by another program`));
    } finally {
      server.close();
    }
  });

  test('a second Ctrl-C forces what hangs', async () => {
    using folder = new UpFolder();
    folder.manifest({ slow: { env: { MODE: 'hang' } } });
    await using up = startMainstay(folder, 'up');
    const [, pid] = await up.printed(/slow is running \(pid (\d+)\)/);
    up.signal('SIGINT');
    await up.printed(/Ctrl-C again forces it/);
    await up.printed(/slow is stopping/);
    // Copies of the first Ctrl-C are not a second one, so it is pressed until it counts.
    const pressing = setInterval(() => up.signal('SIGINT'), 100);
    try {
      assert.equal(await up.ended, 124);
    } finally {
      clearInterval(pressing);
    }
    assert.match(up.output, /slow: Did not stop in time and was forced: signal SIGKILL after \S+/);
    await gone(Number(pid));
  });

  test('a second Ctrl-C ends also what never turns its event loop again', async () => {
    using folder = new UpFolder();
    folder.manifest({ stuck: { env: { MODE: 'block' } } });
    await using up = startMainstay(folder, 'up');
    const [, pid] = await up.printed(/stuck is starting \(pid (\d+)\)/);
    await up.printed(/From here on nothing turns/);
    const pressing = setInterval(() => up.signal('SIGINT'), 100);
    try {
      assert.equal(await up.ended, 124);
    } finally {
      clearInterval(pressing);
    }
    await gone(Number(pid));
  });

  test('kill -9 leaves no orphan, grandchildren included', async () => {
    using folder = new UpFolder();
    folder.manifest({ parent: { env: { MODE: 'grandchild' } } });
    await using up = startMainstay(folder, 'up');
    const [, pid] = await up.printed(/parent is running \(pid (\d+)\)/);
    const [, grandchild] = await up.printed(/grandchild=(\d+)/);
    up.signal('SIGKILL');
    assert.equal(await up.ended, 'SIGKILL');
    await gone(Number(pid));
    await gone(Number(grandchild));
  });
});

const failure = async (text: string | undefined): Promise<{ code: unknown; output: string }> => {
  using folder = new UpFolder();
  if (text !== undefined) folder.write(text);
  await using up = startMainstay(folder, 'up');
  return { code: await up.ended, output: up.output };
};

suite('mainstay up with a bad manifest', options, () => {
  test('all problems at once, with line and column', async () => {
    const { code, output } = await failure(
      'services:\n  a: { servise: x }\n  b: { service: x, exec: [y] }\n',
    );
    assert.equal(code, 6);
    assert.match(output, /The manifest has 4 problems:/);
    assert.match(output, /mainstay\.yaml:2:3 services\.a needs "service"/);
    assert.match(output, /mainstay\.yaml:2:8 Unknown key "servise" in services\.a; did you mean service\?/);
    assert.match(output, /mainstay\.yaml:3:20 services\.b has "service" and "exec"; choose one/);
  });

  test('a service that is not there, a variable that is not set, a file that is not there', async () => {
    const missing = await failure('services:\n  a: { service: nowhere }\n  b: { service: nowhere2 }\n');
    assert.equal(missing.code, 6);
    assert.match(missing.output, /:2:17 services\.a\.service: There is no file or folder/);
    assert.match(missing.output, /:3:17 services\.b\.service: There is no file or folder/);
    const unset = await failure('services:\n  a: { service: x, env: { P: "${NOT_SET_ANYWHERE}" } }\n');
    assert.match(unset.output, /:2:30 services\.a\.env\.P: \$NOT_SET_ANYWHERE is not set/);
    const none = await failure(undefined);
    assert.equal(none.code, 2);
    assert.match(none.output, /Cannot read .*mainstay\.yaml: ENOENT/);
  });
});
