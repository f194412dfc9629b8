import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import { NtExecutable, NtExecutableResource } from 'pe-library';
import { Resource } from 'resedit';
import { buildExecutables, hostTarget, targets, type BuildEvent, type BuildManifest } from '../src/index.ts';
import { peChecksum } from '../src/executable/pe.ts';
import { readCodeDirectory, readElfNote, readMachOSegments } from './executable/read-binaries.ts';
import { copyProject, temporaryFolder, writeFiles } from './project-fixture.ts';
import { run } from './run-executable.ts';

const canSign = await hasTools();

/** One build of all targets that the cases below look at; the second is for the comparison of bytes. */
suite('an executable for each target', () => {
  let folder = '';
  let output = '';
  let manifest: BuildManifest;
  const events: BuildEvent[] = [];
  const cleanUps: (() => unknown)[] = [];
  const path = (name: string): string => join(output, name);

  before(async () => {
    folder = await temporaryFolder({ after: (cleanUp) => cleanUps.push(cleanUp as () => unknown) });
    output = join(folder, 'out');
    const input = await copyProject(folder);
    manifest = await buildExecutables({
      input,
      targets,
      outputFolder: output,
      sourceMap: true,
      onProgress: (event) => events.push(event),
    });
  });
  after(async () => {
    for (const cleanUp of cleanUps) await cleanUp();
  });

  test('the manifest names every file with its size and hash, and nothing else is left', async () => {
    const names = (await readdir(output)).sort();
    assert.deepEqual(
      names,
      [...manifest.files.map(({ file }) => file), 'manifest.json', 'plain.js.map'].sort(),
    );
    assert.deepEqual(
      manifest.files.map(({ target }) => target),
      targets,
    );
    for (const { file, sha256, bytes } of manifest.files) {
      const content = await readFile(path(file));
      assert.equal(createHash('sha256').update(content).digest('hex'), sha256, file);
      assert.equal(content.length, bytes);
      assert.equal((await stat(path(file))).mode & 0o777, 0o755);
    }
    assert.deepEqual(JSON.parse(await readFile(path('manifest.json'), 'utf8')), manifest);
    assert.equal(manifest.service.version, '1.2.3-rc.1');
    assert.equal(events.filter((event) => event.type === 'executable-finished').length, targets.length);
  });

  test('the same input gives the same bytes, from another folder', async (t) => {
    const other = join(await temporaryFolder(t), 'some/where/else');
    await mkdir(other, { recursive: true });
    const input = await copyProject(other);
    const second = await buildExecutables({
      input,
      targets,
      outputFolder: join(other, 'out'),
      sourceMap: true,
      typeCheck: false,
    });
    assert.deepEqual(second, manifest);
    assert.equal(
      await readFile(join(other, 'out/plain.js.map'), 'utf8'),
      await readFile(path('plain.js.map'), 'utf8'),
    );
  });

  test('no path of this machine is in the program or in the source map', async () => {
    const note = readElfNote(await readFile(path('plain-linux-arm64')), 'NODE_SEA_BLOB');
    assert.ok(note.includes('import_late') || note.includes('late'));
    for (const text of [note, await readFile(path('plain.js.map'))]) {
      assert.ok(!text.includes(folder));
      assert.ok(!text.includes(import.meta.dirname));
    }
  });

  test(
    'the executable of this machine runs: lazy imports, workers, forks and the FFI library',
    { skip: hostTarget() !== 'linux-x64' },
    async () => {
      const { exitCode, stdout, stderr } = await run(path('plain-linux-x64'), [
        join(folder, 'extracted.node'),
      ]);
      assert.equal(stderr, '');
      assert.equal(exitCode, 0);
      const [first, second, report] = stdout
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as Record<string, unknown>);
      assert.equal(first?.['evaluated'], 'main', 'the SDK runs before the entry is evaluated');
      assert.equal(second?.['evaluated'], 'entry');
      assert.deepEqual(report?.['forked'], ['forked'], 'a fork gets none of the embedded flags as arguments');
      assert.equal(report['koffiHashMatches'], true);
      assert.equal(report['koffiLoads'], 'function');
      assert.deepEqual(report['worker'], { worker: true, build: report['build'] });
      assert.deepEqual(report['build'], report['info']);
      assert.deepEqual(report['info'], {
        name: 'plain',
        displayName: 'Plain Service',
        description: 'Says what it is',
        version: '1.2.3-rc.1',
        target: 'linux-x64',
        nodeVersion: '26.10.0',
        koffiVersion: '3.3.4',
        mainstayVersion: manifest.mainstay,
      });
      const probe = report['probe'] as Record<string, unknown>;
      assert.equal(probe['lazy'], true);
      assert.equal(probe['url'], `file://${path('plain-linux-x64')}`);
    },
  );

  test('macOS: every page has the hash that the signature says, and the segments do not overlap', async () => {
    for (const name of ['plain-darwin-arm64', 'plain-darwin-x64']) {
      const file = await readFile(path(name));
      const directory = readCodeDirectory(file);
      assert.equal(directory.identifier, 'plain');
      assert.equal(directory.flags, 0x20002, 'ad hoc, linker-signed');
      assert.equal(directory.codeLimit, directory.signatureOffset);
      assert.equal(directory.hashes.length, Math.ceil(directory.codeLimit / 4096));
      directory.hashes.forEach((hash, index) => {
        const page = file.subarray(index * 4096, Math.min((index + 1) * 4096, directory.codeLimit));
        assert.ok(createHash('sha256').update(page).digest().equals(hash), `${name} page ${index}`);
      });
      const { segments, fixupSegments } = readMachOSegments(file);
      assert.deepEqual(
        segments.map((segment) => segment.name),
        ['__PAGEZERO', '__TEXT', '__DATA_CONST', '__DATA', 'NODE_SEA', '__LINKEDIT'],
      );
      assert.equal(fixupSegments, segments.length);
      for (const [index, segment] of segments.entries()) {
        const next = segments[index + 1];
        if (next === undefined) assert.equal(segment.offset + segment.fileBytes, file.length);
        else
          assert.ok(
            segment.address + segment.memoryBytes <= next.address &&
              segment.offset + segment.fileBytes <= next.offset,
          );
      }
      const blob = segments[4];
      assert.equal(file.readUInt32LE(blob?.offset ?? 0), 0x0143da20);
    }
  });

  test('Windows: version information, icon, console subsystem, checksum, and no signature of others', async () => {
    for (const name of ['plain-win-x64.exe', 'plain-win-arm64.exe']) {
      const file = await readFile(path(name));
      const executable = NtExecutable.from(file);
      const { entries } = NtExecutableResource.from(executable);
      const version = Resource.VersionInfo.fromEntries(entries)[0];
      assert.deepEqual(version?.getStringValues({ lang: 1033, codepage: 1200 }), {
        CompanyName: 'Acme GmbH',
        FileDescription: 'Says what it is',
        FileVersion: '1.2.3-rc.1',
        InternalName: 'plain',
        LegalCopyright: 'Copyright Acme GmbH',
        OriginalFilename: name,
        ProductName: 'Plain Service',
        ProductVersion: '1.2.3-rc.1',
      });
      assert.equal(version?.fixedInfo.fileVersionMS, 0x00010002);
      assert.equal(version?.fixedInfo.fileVersionLS, 0x00030000);
      assert.equal(Resource.IconGroupEntry.fromEntries(entries)[0]?.icons.length, 4);
      const header = executable.newHeader.optionalHeader;
      assert.equal(header.subsystem, 3);
      const stored = header.checkSum;
      file.writeUInt32LE(0, file.readUInt32LE(0x3c) + 24 + 64);
      assert.equal(peChecksum(file), stored);
      const blob = entries.find((entry) => entry.id === 'NODE_SEA_BLOB');
      assert.equal(Buffer.from(blob?.bin ?? new ArrayBuffer(4)).readUInt32LE(0), 0x0143da20);
    }
  });

  test(
    'nothing in the environment or the working directory gets code into the executable',
    { skip: hostTarget() !== 'linux-x64' },
    async (t) => {
      const hostile = await temporaryFolder(t);
      const script = 'globalThis.poisoned = true; console.log("poisoned");';
      await writeFiles(hostile, {
        'evil.js': script,
        'node_modules/evil/index.js': script,
        'node.config.json': '{"nodeOptions":{"require":["./evil.js"]}}',
        '.env': 'NODE_OPTIONS=--require ./evil.js\n',
        'package.json': '{"type":"module","main":"evil.js"}',
        '.noderc': '--require ./evil.js',
        // A provider that is not there: if it were read, node:crypto would not start.
        'openssl.cnf':
          'nodejs_conf = c\nopenssl_conf = c\n[c]\nproviders = p\n[p]\nevil = e\n[e]\nmodule = /nonexistent/evil.so\nactivate = 1\n',
      });
      const evil = join(hostile, 'evil.js');
      const poisons: Record<string, string>[] = [
        { NODE_OPTIONS: `--require ${evil}` },
        { NODE_OPTIONS: `--import ${evil}` },
        { NODE_OPTIONS: '--inspect=127.0.0.1:0' },
        { NODE_OPTIONS: '--experimental-default-config-file' },
        { NODE_PATH: join(hostile, 'node_modules') },
        { OPENSSL_CONF: join(hostile, 'openssl.cnf') },
        { OPENSSL_MODULES: hostile, OPENSSL_ENGINES: hostile },
        { NODE_COMPILE_CACHE: join(hostile, 'compile-cache') },
        { NODE_V8_COVERAGE: join(hostile, 'coverage') },
        { NODE_ICU_DATA: hostile },
        { NODE_USE_SYSTEM_CA: '1', SSL_CERT_FILE: join(hostile, 'openssl.cnf') },
        { NODE_EXTRA_CA_CERTS: join(hostile, 'openssl.cnf') },
        { NODE_TEST_CONTEXT: 'child' },
      ];
      for (const poison of poisons) {
        const { exitCode, stdout, stderr } = await run(path('plain-linux-x64'), [], {
          cwd: hostile,
          env: { PATH: '/usr/bin:/bin', ...poison },
        });
        const label = JSON.stringify(poison);
        assert.equal(exitCode, 0, `${label}: ${stderr}`);
        assert.ok(stdout.includes('"poisoned":false') && !/^poisoned$/m.test(stdout), label);
        assert.ok(!stderr.includes('Debugger listening'), label);
      }
      // The REPL module is refused: the program does not start, and the module does not run.
      const refused = await run(path('plain-linux-x64'), [], {
        cwd: hostile,
        env: { NODE_REPL_EXTERNAL_MODULE: evil },
      });
      assert.notEqual(refused.exitCode, 0);
      assert.doesNotMatch(refused.stdout, /^poisoned$/m);
    },
  );

  test(
    'osslsigncode signs the Windows executable, and the program is still in it',
    { skip: !canSign && 'osslsigncode or openssl is not installed' },
    async (t) => {
      const keys = await temporaryFolder(t);
      const [key, certificate] = [join(keys, 'key.pem'), join(keys, 'certificate.pem')];
      const made = await run('openssl', [
        'req',
        '-x509',
        '-newkey',
        'rsa:2048',
        '-nodes',
        '-keyout',
        key,
        '-out',
        certificate,
        '-days',
        '2',
        '-subj',
        '/CN=Mainstay test',
        '-addext',
        'extendedKeyUsage=codeSigning',
      ]);
      assert.equal(made.exitCode, 0, made.stderr);
      const signedFolder = join(keys, 'out');
      const signed = await buildExecutables({
        input: join(folder, 'project'),
        targets: ['win-x64'],
        outputFolder: signedFolder,
        typeCheck: false,
        sign: `osslsigncode sign -certs '${certificate}' -key "${key}" -in {file} -out {output}`,
      });
      const file = join(signedFolder, 'plain-win-x64.exe');
      const verified = await run('osslsigncode', ['verify', '-CAfile', certificate, '-in', file]);
      assert.equal(verified.exitCode, 0, verified.stdout + verified.stderr);
      assert.equal(signed.files[0]?.signed, true);
      const { entries } = NtExecutableResource.from(
        NtExecutable.from(await readFile(file), { ignoreCert: true }),
      );
      const unsigned = NtExecutableResource.from(
        NtExecutable.from(await readFile(path('plain-win-x64.exe'))),
      );
      const blobOf = (all: typeof entries): Buffer =>
        Buffer.from(all.find((entry) => entry.id === 'NODE_SEA_BLOB')?.bin ?? new ArrayBuffer(0));
      assert.ok(blobOf(entries).length > 1_000_000 && blobOf(entries).equals(blobOf(unsigned.entries)));
    },
  );

  test('a signing command that fails leaves nothing behind', async () => {
    const failing = join(folder, 'failing');
    await assert.rejects(
      buildExecutables({
        input: join(folder, 'project'),
        targets: ['win-x64'],
        outputFolder: failing,
        typeCheck: false,
        sign: 'false {file}',
      }),
      { code: 'BUILD_SIGNING_FAILED', message: /exit code 1/ },
    );
    await assert.rejects(stat(failing), { code: 'ENOENT' });
  });

  test('an interrupted build leaves what was there before', async () => {
    const kept = join(folder, 'kept');
    await mkdir(kept);
    await writeFile(join(kept, 'plain-linux-x64'), 'before');
    const controller = new AbortController();
    const building = buildExecutables({
      input: join(folder, 'project'),
      targets: ['linux-x64', 'linux-arm64'],
      outputFolder: kept,
      typeCheck: false,
      signal: controller.signal,
      onProgress: (event) => {
        if (event.type === 'step-started' && event.step === 'executable') controller.abort();
      },
    });
    await assert.rejects(building, { code: 'BUILD_ABORTED' });
    assert.deepEqual(await readdir(kept), ['plain-linux-x64']);
    assert.equal(await readFile(join(kept, 'plain-linux-x64'), 'utf8'), 'before');
  });
});

async function hasTools(): Promise<boolean> {
  for (const tool of ['osslsigncode', 'openssl']) {
    if ((await run(tool, ['--version']).catch(() => undefined)) === undefined) return false;
  }
  return true;
}
