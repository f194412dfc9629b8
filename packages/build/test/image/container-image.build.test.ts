import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createServer } from 'node:net';
import { copyFile, mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { extract, list } from 'tar';
import { buildExecutables, createProject, hostTarget, type BuildManifest } from '../../src/index.ts';
import type { ImageConfig, ImageIndex, ImageManifest } from '../../src/image/oci.ts';
import { copyProject, temporaryFolder } from '../project-fixture.ts';
import { run } from '../run-executable.ts';

const isHere = hostTarget() === 'linux-x64';
const isRoot = process.getuid?.() === 0;
const hasSkopeo = (await run('skopeo', ['--version']).catch(() => undefined))?.exitCode === 0;

interface Layout {
  readonly folder: string;
  readonly index: ImageIndex;
  readonly manifest: ImageManifest;
  readonly config: ImageConfig;
}

async function readLayout(archive: string, folder: string): Promise<Layout> {
  await mkdir(folder, { recursive: true });
  await extract({ file: archive, cwd: folder });
  const json = async (path: string): Promise<unknown> =>
    JSON.parse(await readFile(join(folder, path), 'utf8')) as unknown;
  const blob = async (digest: string): Promise<unknown> => await json(`blobs/${digest.replace(':', '/')}`);
  const index = (await json('index.json')) as ImageIndex;
  const manifest = (await blob(index.manifests[0]?.digest ?? '')) as ImageManifest;
  return { folder, index, manifest, config: (await blob(manifest.config.digest)) as ImageConfig };
}

function blobPath({ folder }: Layout, digest: string): string {
  return join(folder, 'blobs', digest.replace(':', '/'));
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

suite(
  'a container image around the executable',
  { skip: !isHere && 'takes libraries from a linux-x64' },
  () => {
    const cleanUps: (() => unknown)[] = [];
    let folder = '';
    let project = '';
    let manifest: BuildManifest;
    let layout: Layout;
    const archive = (): string => join(folder, 'out/greeter-linux-x64.oci.tar');

    before(async () => {
      folder = await temporaryFolder({ after: (cleanUp) => cleanUps.push(cleanUp as () => unknown) });
      project = (await createProject({ name: 'greeter', parentFolder: folder, description: 'Greets' }))
        .folder;
      manifest = await buildExecutables({
        input: project,
        targets: ['linux-x64', 'win-x64'],
        outputFolder: join(folder, 'out'),
        typeCheck: false,
        image: {},
      });
      layout = await readLayout(archive(), join(folder, 'layout'));
    });
    after(async () => {
      for (const cleanUp of cleanUps) await cleanUp();
    });

    test('every blob is what its digest says, and the manifest of the build names the image', async () => {
      for (const name of await readdir(join(layout.folder, 'blobs/sha256'))) {
        const content = await readFile(join(layout.folder, 'blobs/sha256', name));
        assert.equal(createHash('sha256').update(content).digest('hex'), name);
      }
      const descriptors = [layout.manifest.config, ...layout.manifest.layers, ...layout.index.manifests];
      for (const { digest, size } of descriptors)
        assert.equal((await stat(blobPath(layout, digest))).size, size);
      const [linux, windows] = manifest.files;
      assert.equal(windows?.image, undefined, 'only Linux targets have an image');
      const image = linux?.image;
      assert.ok(image);
      assert.equal(image.digest, layout.index.manifests[0]?.digest);
      assert.equal(image.reference, 'greeter:0.1.0');
      const content = await readFile(archive());
      assert.equal(image.sha256, createHash('sha256').update(content).digest('hex'));
      assert.equal(image.bytes, content.length);
      for (const { path, sha256 } of image.libraries ?? [])
        assert.equal(
          createHash('sha256')
            .update(await readFile(path))
            .digest('hex'),
          sha256,
          path,
        );
      assert.ok(image.libraries?.some(({ path }) => path === '/lib64/ld-linux-x86-64.so.2'));
    });

    test('it runs the service as its only process and not as root, and says when it was built to nobody', () => {
      const { config, rootfs, created, architecture, os, history } = layout.config;
      assert.deepEqual(
        { created, architecture, os },
        { created: '1970-01-01T00:00:00Z', architecture: 'amd64', os: 'linux' },
      );
      assert.deepEqual(config?.Entrypoint, ['/service', 'run']);
      assert.equal(config.User, '65532:65532');
      assert.equal(config.StopSignal, 'SIGTERM');
      assert.equal(config.Labels?.['org.opencontainers.image.version'], '0.1.0');
      assert.equal(config.Labels['org.opencontainers.image.description'], 'Greets');
      assert.equal(rootfs.diff_ids.length, 2);
      assert.equal(history?.length, 2);
      // The layers are not compressed: what they hash to is the same with and without the compression.
      assert.deepEqual(
        rootfs.diff_ids,
        layout.manifest.layers.map(({ digest }) => digest),
      );
    });

    test('the layers hold the executable, the libraries and nothing of this machine', async () => {
      const found: {
        path: string;
        mode: number | undefined;
        mtime: number | undefined;
        uid: number | undefined;
      }[] = [];
      for (const { digest } of layout.manifest.layers) {
        await list({
          file: blobPath(layout, digest),
          onReadEntry: ({ path, mode, mtime, uid }) =>
            found.push({ path, mode, mtime: mtime?.getTime(), uid }),
        });
      }
      assert.ok(found.every(({ mtime }) => mtime === 0));
      const owned = found.filter(({ uid }) => uid !== 0).map(({ path }) => path);
      assert.deepEqual(owned, ['var/lib/greeter/']);
      assert.equal(found.find(({ path }) => path === 'service')?.mode, 0o755);
      assert.equal(found.find(({ path }) => path === 'tmp/')?.mode, 0o1777);
      assert.deepEqual(
        found.filter(({ path }) => path.startsWith('etc/')).map(({ path }) => path),
        ['etc/', 'etc/group', 'etc/nsswitch.conf', 'etc/passwd', 'etc/', 'etc/greeter/'],
      );
    });

    test('the same input gives the same image', async () => {
      const again = await buildExecutables({
        input: project,
        targets: ['linux-x64'],
        outputFolder: join(folder, 'again'),
        typeCheck: false,
        image: {},
      });
      assert.deepEqual(again.files[0]?.image, manifest.files[0]?.image);
    });

    test(
      'skopeo reads it both as an OCI and as a Docker archive',
      { skip: !hasSkopeo && 'skopeo is not installed' },
      async () => {
        for (const transport of ['oci-archive', 'docker-archive']) {
          const { stdout, stderr, exitCode } = await run('skopeo', ['inspect', `${transport}:${archive()}`]);
          assert.equal(exitCode, 0, stderr);
          const { Labels: labels, Architecture: architecture } = JSON.parse(stdout) as Record<
            string,
            Record<string, string>
          >;
          assert.equal(architecture, 'amd64');
          assert.equal(labels?.['org.opencontainers.image.title'], 'greeter');
        }
      },
    );

    test(
      'unpacked, it starts as process 1 of its own, answers, and ends with 0 on SIGTERM',
      { skip: !isRoot && 'namespaces and mounts need root' },
      async (t) => {
        const root = join(folder, 'root');
        await mkdir(root);
        for (const { digest } of layout.manifest.layers)
          await extract({ file: blobPath(layout, digest), cwd: root, preserveOwner: true });
        // What a container runtime adds.
        for (const name of ['proc', 'dev']) await mkdir(join(root, name));
        const port = await freePort();
        const { Env: env = [], WorkingDir: cwd = '/', Entrypoint: entrypoint } = layout.config.config ?? {};
        const script =
          'mount -t proc proc "$1/proc" && mount --rbind /dev "$1/dev" && shift && exec env -i "$@"';
        const isolate = ['--mount', '--pid', '--fork', '--kill-child', 'sh', '-c', script, 'sh', root];
        const become = [`--root=${root}`, `--wd=${cwd}`, '--setuid=65532', '--setgid=65532', '--'];
        const child = spawn(
          'unshare',
          [...isolate, ...env, `PORT=${port}`, '/usr/bin/unshare', ...become, ...(entrypoint ?? [])],
          { stdio: ['ignore', 'pipe', 'pipe'] },
        );
        t.after(() => child.kill('SIGKILL'));
        let output = '';
        for (const stream of [child.stdout, child.stderr])
          stream.setEncoding('utf8').on('data', (text: string) => (output += text));
        const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
        let answer: string | undefined;
        for (let tries = 0; answer === undefined && tries < 200 && child.exitCode === null; tries++) {
          await delay(100);
          answer = await fetch(`http://127.0.0.1:${port}/`).then(
            async (response) => await response.text(),
            () => undefined,
          );
        }
        assert.equal(answer, 'Hello\n', output);
        const service = Number(execFileSync('pgrep', ['-P', String(child.pid)], { encoding: 'utf8' }).trim());
        const status = await readFile(`/proc/${service}/status`, 'utf8');
        assert.match(status, /^NSpid:\t\d+\t1$/m);
        assert.match(status, /^Uid:\t65532\t65532\t65532\t65532$/m);
        process.kill(service, 'SIGTERM');
        assert.equal(await ended, 0, output);
        assert.match(output, /"hostKind":"container"/);
      },
    );

    test('another image can be what it is built on', async (t) => {
      const other = await temporaryFolder(t);
      const input = await copyProject(other);
      const build = (base: string): Promise<BuildManifest> =>
        buildExecutables({
          input,
          targets: ['linux-x64'],
          outputFolder: join(other, 'out'),
          typeCheck: false,
          image: { base },
        });
      const fromArchive = await build(archive());
      assert.deepEqual(await build(layout.folder), fromArchive);
      const image = fromArchive.files[0]?.image;
      assert.equal(image?.base, layout.index.manifests[0]?.digest);
      assert.equal(image?.libraries, undefined);
      const built = await readLayout(join(other, 'out/plain-linux-x64.oci.tar'), join(other, 'layout'));
      assert.deepEqual(built.manifest.layers.slice(0, 2), layout.manifest.layers);
      assert.equal(built.manifest.layers.length, 3);
      assert.equal(built.config.rootfs.diff_ids.length, 3);
      assert.equal(built.config.history?.length, 3);
      assert.ok(built.config.config?.Env?.includes('STATE_DIRECTORY=/var/lib/plain'));
      assert.ok(!built.config.config?.Env?.includes('STATE_DIRECTORY=/var/lib/greeter'));
      assert.deepEqual((await readdir(join(other, 'out'))).sort(), [
        'manifest.json',
        'plain-linux-x64',
        'plain-linux-x64.oci.tar',
      ]);

      const blob = blobPath(built, built.manifest.config.digest);
      await writeFile(blob, `${await readFile(blob, 'utf8')} `);
      await assert.rejects(build(built.folder), { code: 'BUILD_BAD_BASE_IMAGE', message: /is damaged/ });
      await assert.rejects(build(join(other, 'nothing')), {
        code: 'BUILD_BAD_BASE_IMAGE',
        message: /nothing/,
      });
      await assert.rejects(build(join(input, 'package.json')), { code: 'BUILD_BAD_BASE_IMAGE' });
    });

    test('what cannot be made is refused, and nothing is left', async (t) => {
      const other = await temporaryFolder(t);
      const input = await copyProject(other);
      const outputFolder = join(other, 'out');
      const options = { input, outputFolder, typeCheck: false };
      await assert.rejects(buildExecutables({ ...options, targets: ['win-x64'], image: {} }), {
        code: 'BUILD_IMAGE_NEEDS_LINUX',
      });
      // A root without libraries, and one whose libraries are of another architecture.
      const wrong = join(other, 'wrong');
      await mkdir(join(wrong, 'lib'), { recursive: true });
      await copyFile('/lib64/ld-linux-x86-64.so.2', join(wrong, 'lib/ld-linux-aarch64.so.1'));
      for (const root of [other, wrong]) {
        await assert.rejects(buildExecutables({ ...options, targets: ['linux-arm64'], image: { root } }), {
          code: 'BUILD_IMAGE_LIBRARY_MISSING',
          message: /ld-linux-aarch64\.so\.1 for linux-arm64/,
        });
      }
      await assert.rejects(
        buildExecutables({ ...options, targets: ['linux-arm64'], image: { base: archive() } }),
        { code: 'BUILD_BAD_BASE_IMAGE', message: /no image for linux\/arm64/ },
      );
      await assert.rejects(stat(outputFolder), { code: 'ENOENT' });
    });
  },
);
