import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import { fileURLToPath } from 'node:url';

const main = fileURLToPath(new URL('../src/main.ts', import.meta.url));
let folder = '';

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mainstay-import-'));
});

after(() => rm(folder, { recursive: true, force: true }));

/** Runs `mainstay` in the folder. */
async function mainstay(...args: string[]): Promise<{ code: number; out: string; err: string }> {
  return new Promise((done) => {
    execFile(process.execPath, [main, ...args], { cwd: folder }, (error, out, err) => {
      done({ code: error ? Number(error.code) : 0, out, err });
    });
  });
}

const write = (name: string, text: string): Promise<void> => writeFile(join(folder, name), text);

suite('mainstay validate', { timeout: 120_000 }, () => {
  test('a valid manifest', async () => {
    await write(
      'good.yaml',
      'services:\n  a: { exec: [sh] }\n  b: { exec: [sh], limits: { memory: 64MB } }\n',
    );
    const { code, out } = await mainstay('validate', '-f', 'good.yaml');
    assert.equal(code, 0);
    assert.equal(out, 'good.yaml is valid: 2 services (a, b)\n');
  });

  test('problems of the file, with line and column', async () => {
    await write(
      'bad.yaml',
      'services:\n  a: { exec: [sh], helth: 3, dependsOn: [b] }\n  b: { exec: [sh], dependsOn: [a] }\n',
    );
    const { code, out, err } = await mainstay('validate', '-f', 'bad.yaml');
    assert.equal(code, 6);
    assert.deepEqual(err.trim().split('\n'), [
      'bad.yaml:2:20 Unknown key "helth" in services.a; did you mean health?',
      'bad.yaml:2:41 services.a.dependsOn goes in a circle: a → b → a; remove one of these',
    ]);
    assert.equal(out, '2 problems\n');
  });

  test('problems of the machine, unless the file alone is looked at; as JSON', async () => {
    await write('host.yaml', 'services:\n  a: { exec: [no-such-program-anywhere] }\n');
    const { code, out } = await mainstay('validate', '-f', 'host.yaml', '--json');
    assert.equal(code, 6);
    const report = JSON.parse(out) as { ok: boolean; problems: { line: number; column: number }[] };
    assert.equal(report.ok, false);
    assert.deepEqual(
      report.problems.map(({ line, column }) => [line, column]),
      [[2, 8]],
    );
    assert.equal((await mainstay('validate', '-f', 'host.yaml', '--no-host')).code, 0);
  });

  test('a file that is not there', async () => {
    const { code, err } = await mainstay('validate', '-f', 'none.yaml');
    assert.equal(code, 2);
    assert.match(err, /Cannot read .*none\.yaml: ENOENT/);
  });
});

suite('mainstay import', { timeout: 120_000 }, () => {
  test('a program of pm2 is evaluated, and may print', async () => {
    await write(
      'ecosystem.config.cjs',
      'console.log("noise");\nmodule.exports = { apps: [{ name: "web", script: "server.js", watch: true }] };\n',
    );
    const { code, out, err } = await mainstay('import', 'ecosystem.config.cjs');
    assert.equal(code, 0);
    assert.match(out, /^Wrote mainstay\.yaml with web;/);
    assert.match(err, /Note: web: watch: true was not carried over/);
    const text = await readFile(join(folder, 'mainstay.yaml'), 'utf8');
    assert.match(text, /# NOTE watch: true was not carried over/);
    assert.equal((await mainstay('validate', '--no-host')).code, 0);

    const again = await mainstay('import', 'ecosystem.config.cjs');
    assert.equal(again.code, 1);
    assert.match(again.err, /There is a .*mainstay\.yaml already/);
    assert.equal(await readFile(join(folder, 'mainstay.yaml'), 'utf8'), text);
    assert.equal((await mainstay('import', 'ecosystem.config.cjs', '--force')).code, 0);
  });

  test('several units and a WinSW configuration together', async () => {
    await write(
      'web.service',
      '[Unit]\nRequires=db.service\n[Service]\nExecStart=/bin/sh -c true\nRestart=always\n',
    );
    await write('db.service', '[Service]\nExecStart=/bin/sh -c true\n');
    await write('job.xml', '<service><id>Job</id><executable>job.exe</executable></service>');
    const { code, out } = await mainstay('import', 'web.service', 'db.service', 'job.xml', '--stdout');
    assert.equal(code, 0);
    await write('all.yaml', out);
    const checked = await mainstay('validate', '-f', 'all.yaml', '--no-host', '--json');
    const report = JSON.parse(checked.out) as { ok: boolean; services: string[] };
    assert.deepEqual([report.ok, report.services], [true, ['web', 'db', 'job']]);
    assert.match(out, /dependsOn:\n\s+db: started/);
  });

  test('what goes to another program and cannot be applied ends with a failure', async () => {
    await write('gone.service', '[Service]\nExecStart=/bin/true\nEnvironmentFile=/etc/is-not-there.env\n');
    const { code, err } = await mainstay('import', 'gone.service', '--stdout');
    assert.equal(code, 1);
    assert.match(err, /envFile\.0 cannot be read: ENOENT[\s\S]*has to be corrected/);
  });

  test('files that are no configuration', async () => {
    await write('throws.cjs', 'throw new Error("no luck");\n');
    const thrown = await mainstay('import', 'throws.cjs', '--stdout');
    assert.equal(thrown.code, 1);
    assert.match(thrown.err, /Cannot import .*throws\.cjs: no luck/);
    await write('notes.txt', 'hello');
    assert.match(
      (await mainstay('import', 'notes.txt', '--stdout')).err,
      /say it with --from: pm2, winsw, systemd/,
    );
    assert.match((await mainstay('import', 'none.xml', '--stdout')).err, /Cannot import .*none\.xml: ENOENT/);
  });
});
