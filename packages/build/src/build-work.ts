import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { allOrAbort } from './all-or-abort.ts';
import { describeBuild } from './build-info.ts';
import type { BuildOptions } from './build-options.ts';
import { addonAssets, type AddonAssets, type FetchPackage } from './bundle/addon-assets.ts';
import { bundleProject, type Bundle } from './bundle/bundle.ts';
import { nativeAddons, type NativeAddons } from './bundle/native-addons.ts';
import type { BuildEvent, BuildStep } from './events.ts';
import { assembleExecutable } from './executable/assemble.ts';
import { buildImage } from './image/build-image.ts';
import type { BuildManifest, ManifestFile, ManifestImage } from './output/manifest.ts';
import { signExecutable } from './output/signing.ts';
import type { Staging } from './output/staging.ts';
import { builderFolder, builderVersion } from './project/builder-packages.ts';
import type { Project } from './project/load-project.ts';
import { sourceCommit } from './project/source-commit.ts';
import { typeCheck } from './project/type-check.ts';
import { defaultCacheFolder } from './runtime/cache-folder.ts';
import { loadNpmSettings } from './runtime/npm-settings.ts';
import { pinnedRuntimes } from './runtime/pinned.ts';
import { RuntimeStore } from './runtime/runtime-store.ts';
import { isLinux, platformOf, type Target } from './targets.ts';

const noAddons: AddonAssets = { assets: new Map(), inputs: [] };

/** Executables in the making at once: each takes about half a gigabyte of memory. */
const concurrency = 2;

/** The steps of one build. */
export class BuildWork {
  readonly #options: BuildOptions;
  readonly #project: Project;
  readonly #staging: Staging;
  readonly #icon: Buffer;
  readonly #signal: AbortSignal;
  readonly #store: RuntimeStore;

  constructor(options: BuildOptions, project: Project, staging: Staging, icon: Buffer, signal: AbortSignal) {
    this.#options = options;
    this.#project = project;
    this.#staging = staging;
    this.#icon = icon;
    this.#signal = signal;
    this.#store = new RuntimeStore({
      cacheFolder: options.cacheFolder ?? defaultCacheFolder(),
      loadSettings: () => loadNpmSettings({ projectFolder: project.folder }),
      installedFrom: options.useInstalled === false ? [] : [project.folder, builderFolder],
      onProgress: (event) => this.#emit(event),
      signal,
    });
  }

  async run(targets: readonly Target[], failure: AbortController): Promise<BuildManifest> {
    const project = this.#project;
    const commit =
      this.#options.commit === false ? undefined : await sourceCommit(project.folder, this.#signal);
    const addons = nativeAddons();
    const [bundle] = await allOrAbort(failure, [
      this.#step('bundle', undefined, () => this.#bundle(addons)),
      this.#typeCheck(),
      this.#step('runtimes', undefined, () => this.#fetchRuntimes(targets)),
    ]);
    for (const message of bundle.warnings) this.#emit({ type: 'warning', message });
    const fetch: FetchPackage = (pinned, target) => this.#store.readPackage(pinned, target);
    const assets = new Map<Target, AddonAssets>();
    for (const target of targets) assets.set(target, await addonAssets(addons, target, fetch));

    const files = new Map<Target, ManifestFile>();
    const queue = [...targets];
    const workers = Array.from({ length: concurrency }, async () => {
      for (let target = queue.shift(); target !== undefined; target = queue.shift()) {
        files.set(target, await this.#executable(target, bundle, commit, assets.get(target) ?? noAddons));
      }
    });
    await allOrAbort(failure, workers);
    return await this.#publish(
      targets.flatMap((target) => files.get(target) ?? []),
      bundle,
      commit,
    );
  }

  async #bundle(addons: NativeAddons): Promise<Bundle> {
    return await bundleProject({
      project: this.#project,
      sourceMap: this.#options.sourceMap ?? false,
      color: this.#options.color ?? false,
      plugins: [addons.plugin],
    });
  }

  async #typeCheck(): Promise<void> {
    if (this.#options.typeCheck === false) return;
    await this.#step('type-check', undefined, () =>
      typeCheck(this.#project, { signal: this.#signal, pretty: this.#options.color ?? false }),
    );
  }

  /** Brings what is missing into the cache before any executable is made; the bytes are read again, and checked, then. */
  async #fetchRuntimes(targets: readonly Target[]): Promise<void> {
    for (const target of targets) {
      const { node, koffi } = pinnedRuntimes[target];
      await this.#store.ensure(node, target);
      await this.#store.ensure(koffi, target);
    }
  }

  async #executable(
    target: Target,
    bundle: Bundle,
    commit: string | undefined,
    addons: AddonAssets,
  ): Promise<ManifestFile> {
    const pinned = pinnedRuntimes[target];
    const isWindows = platformOf(target).platform === 'win32';
    const fileName = `${this.#project.name}-${target}${isWindows ? '.exe' : ''}`;
    const file = await this.#step('executable', target, async () => {
      const buildInfo = describeBuild(this.#project, target, commit);
      const parts = assembleExecutable({
        target,
        fileName,
        addons: addons.assets,
        project: this.#project,
        runtime: await this.#store.read(pinned.node, target),
        koffi: await this.#store.read(pinned.koffi, target),
        bundle,
        buildInfo: JSON.stringify(buildInfo),
        icon: this.#icon,
      });
      return await this.#staging.write(fileName, parts, 0o755, this.#signal);
    });
    const { sign } = this.#options;
    const isSigned = isWindows && sign !== undefined;
    if (isSigned) await this.#step('sign', target, () => signExecutable(sign, file, this.#signal));
    const content = await readFile(file);
    const image = await this.#image(target, content, commit, addons.assets);
    return {
      target,
      file: fileName,
      sha256: sha256(content),
      bytes: content.length,
      signed: isSigned,
      node: pinned.node.version,
      koffi: pinned.koffi.version,
      inputs: [
        ...[pinned.node, pinned.koffi].map(({ name, version, integrity, sha256 }) => ({
          package: `${name}@${version}`,
          integrity,
          sha256,
        })),
        ...addons.inputs,
      ],
      ...(image === undefined ? {} : { image }),
    };
  }

  async #image(
    target: Target,
    executable: Buffer,
    commit: string | undefined,
    addons: ReadonlyMap<string, Buffer>,
  ): Promise<ManifestImage | undefined> {
    const options = this.#options.image;
    if (options === undefined || !isLinux(target)) return undefined;
    const koffi = await this.#store.read(pinnedRuntimes[target].koffi, target);
    const input = {
      target,
      executable,
      commit,
      project: this.#project,
      embedded: [koffi, ...addons.values()],
    };
    return await this.#step('image', target, () => buildImage(input, options, this.#staging, this.#signal));
  }

  async #publish(
    files: readonly ManifestFile[],
    bundle: Bundle,
    commit: string | undefined,
  ): Promise<BuildManifest> {
    const { name, displayName, version } = this.#project;
    const manifest: BuildManifest = {
      schema: 1,
      service: { name, displayName, version, ...(commit === undefined ? {} : { commit }) },
      mainstay: builderVersion(),
      program: { sha256: sha256(bundle.code), bytes: Buffer.byteLength(bundle.code) },
      files,
    };
    await this.#step('publish', undefined, async () => {
      const names = files.flatMap(({ file, image }) => (image === undefined ? [file] : [file, image.file]));
      if (bundle.sourceMap !== undefined) {
        names.push(`${name}.js.map`);
        await this.#staging.write(`${name}.js.map`, [Buffer.from(bundle.sourceMap)], 0o644);
      }
      await this.#staging.write(
        'manifest.json',
        [Buffer.from(`${JSON.stringify(manifest, undefined, 2)}\n`)],
        0o644,
      );
      this.#signal.throwIfAborted();
      await this.#staging.publish([...names, 'manifest.json']);
    });
    for (const { target, file, bytes } of files) {
      this.#emit({
        type: 'executable-finished',
        target,
        file: resolve(this.#options.outputFolder, file),
        bytes,
      });
    }
    return manifest;
  }

  async #step<Result>(
    step: BuildStep,
    target: Target | undefined,
    run: () => Promise<Result>,
  ): Promise<Result> {
    this.#signal.throwIfAborted();
    const subject = target === undefined ? { step } : { step, target };
    this.#emit({ type: 'step-started', ...subject });
    const started = performance.now();
    const result = await run();
    // What is published stays: an interruption that comes later is too late.
    if (step !== 'publish') this.#signal.throwIfAborted();
    this.#emit({ type: 'step-finished', ...subject, milliseconds: performance.now() - started });
    return result;
  }

  #emit(event: BuildEvent): void {
    this.#options.onProgress?.(event);
  }
}

function sha256(content: Buffer | string): string {
  return createHash('sha256').update(content).digest('hex');
}
