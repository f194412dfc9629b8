import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';

import type { RunnerCapabilities } from '../../src/runner/types.ts';
import { checkManifest, hostFacts, type HostFacts } from '../../src/manifest/check/index.ts';
import { parse } from './reading.ts';

let folder = '';

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mainstay-check-'));
  await writeFile(join(folder, 'plain.txt'), 'x');
});

after(() => rm(folder, { recursive: true, force: true }));

const all: RunnerCapabilities = {
  unheldLimits: {},
  unavailableStops: {},
  capturesOutput: true,
  passesSockets: true,
  changesUser: true,
  survivesAgent: false,
};

async function check(text: string, facts: Partial<HostFacts> = {}): Promise<string[]> {
  const result = await parse(text, { folder });
  assert.ok(result.ok, result.ok ? '' : JSON.stringify(result.problems));
  const real = hostFacts({ environment: process.env, isOurs: () => false, capabilities: () => all });
  const problems = await checkManifest(result.manifest, result.positions, { ...real, ...facts });
  return problems.map(({ line, column, message }) => `${line}:${column} ${message}`);
}

test('what is there is no problem', async () => {
  assert.deepEqual(
    await check(`
services:
  a: { exec: [sh, -c, "true"], stop: { command: [sh] }, health: { exec: [sh] } }
  b: { exec: ["${process.execPath}"] }
logs: { directory: not/made/yet }
`),
    [],
  );
});

test('commands, folders and users that are not there, each at its key', async () => {
  assert.deepEqual(
    await check(`
services:
  a: { exec: [no-such-program-anywhere] }
  b: { exec: [./plain.txt] }
  c: { exec: [./none], cwd: none }
  d: { exec: [sh], user: no-such-user-x, stop: { command: [no-such-program-2] } }
  e: { exec: [sh], env: { PATH: /none } }
logs: { directory: plain.txt/logs }
alerts: { to: [{ command: [no-such-program-3] }] }
`).then((lines) => lines.map((line) => line.replaceAll(folder, 'FOLDER').replace(/ENOENT.*/, 'ENOENT'))),
    [
      '3:8 services.a.exec names "no-such-program-anywhere", which is not in a folder of PATH; install it, or write its whole path',
      '4:8 services.b.exec names FOLDER/plain.txt, which cannot be executed; make it executable (chmod +x)',
      '5:8 services.c.exec names FOLDER/none/none, which is not there',
      '5:24 services.c.cwd is FOLDER/none, which cannot be entered: ENOENT',
      '6:20 services.d.user is "no-such-user-x", and there is no such user',
      '6:50 services.d.stop.command names "no-such-program-2", which is not in a folder of PATH; install it, or write its whole path',
      '7:8 services.e.exec names "sh", which is not in a folder of PATH; install it, or write its whole path',
      "8:9 logs.directory cannot be written: ENOTDIR: not a directory, stat 'FOLDER/plain.txt/logs'",
      '9:18 alerts.to.0.command names "no-such-program-3", which is not in a folder of PATH; install it, or write its whole path',
    ],
  );
});

test('a place for logs in which nothing can be made', { skip: process.platform !== 'linux' }, async () => {
  const checkLogs = (directory: string) =>
    check(`
services: { a: { exec: [sh] } }
logs: { directory: ${directory} }
`);
  for (const directory of ['/proc/nowhere/logs', '/proc', '/sys/nowhere'])
    assert.match(
      (await checkLogs(directory)).join('|'),
      process.getuid?.() === 0
        ? /^3:9 logs\.directory cannot be in \/(proc|sys), where no folders with files can be made \(E\w+\); choose another place$/
        : /^3:9 logs\.directory cannot be /,
    );
});

test('a port that somebody else has, unless it is the agent itself', async () => {
  const server = createServer();
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  try {
    const { port } = server.address() as AddressInfo;
    const text = `services: { a: { exec: [sh], listen: { web: ${port} } } }`;
    assert.deepEqual(await check(text), [
      `1:40 services.a.listen.web has port ${port}, which another program has taken; stop that one, or use another`,
    ]);
    const nameless = [String(port), `[${port}]`];
    for (const listen of nameless)
      assert.match(
        (await check(`services: { a: { exec: [sh], listen: ${listen} } }`)).join('|'),
        /^1:30 services\.a\.listen has port /,
      );
    const ours = hostFacts({
      environment: process.env,
      isOurs: (address) => address.port === port,
      capabilities: () => all,
    });
    assert.deepEqual(await check(text, ours), []);
  } finally {
    server.close();
  }
});

test('what the runner cannot hold is refused with its reason', async () => {
  const poor: RunnerCapabilities = {
    ...all,
    unheldLimits: {
      cpu: 'there is no cpu controller',
      'memory.hard': 'there is no memory controller',
      'priority.high': 'only root may',
    },
    unavailableStops: { signal: 'it has no signals' },
    passesSockets: false,
    changesUser: false,
  };
  const text = `
services:
  a:
    exec: [sh]
    limits: { memory: 100MB, cpu: 50%, openFiles: 10, priority: high }
    user: root
    listen: { web: 4 }
  b: { exec: [sh], limits: { priority: low }, stop: { window: true } }
`;
  const facts = {
    capabilities: () => poor,
    portProblem: async () => undefined,
    userProblem: async () => undefined,
  };
  assert.deepEqual(await check(text, facts), [
    '3:3 services.a.stop cannot be done here: it has no signals',
    '5:15 services.a.limits.memory.hard cannot be held here: there is no memory controller',
    '5:30 services.a.limits.cpu cannot be held here: there is no cpu controller',
    '5:55 services.a.limits.priority cannot be high here: only root may',
    '6:5 services.a.user cannot be done by this agent, which may not run programs as somebody else',
    '7:5 services.a.listen cannot be done by the process runner, which passes no sockets',
  ]);
});
