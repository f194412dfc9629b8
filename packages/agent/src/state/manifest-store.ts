import { existsSync } from 'node:fs';
import { join } from 'node:path';

import { messageOf, type Logger } from '@mainstay/core';
import { writeFileAtomic } from '@mainstay/platform';
import type { Manifest } from '@mainstay/supervisor';

import { agentErrors } from '../errors.ts';
import { readManifest } from '../manifest/read-manifest.ts';
import { isRecord } from '../manifest/shape.ts';
import { readJsonFile } from './json-file.ts';

/** Of the files; a newer agent that writes another one reads this one, too. */
const formatVersion = 1;

export interface StoredManifest {
  readonly manifest: Manifest;
  /** Wall time, ms since the epoch. */
  readonly appliedAt: number;
}

export interface ManifestStoreOptions {
  readonly directory: string;
  readonly log: Logger;
  readonly now: () => number;
}

/**
 * The manifest that was applied last, and the one before it.
 *
 * INVARIANT: whenever the process ends, `manifest.json` is the old manifest or the new one, whole; the one before it is
 * in `manifest.previous.json` before `manifest.json` is replaced. The agent writes first and acts then, so that what a
 * killed agent had not carried out is what the next one finds when it compares the file with what runs.
 */
export class ManifestStore {
  readonly #options: ManifestStoreOptions;
  #current: StoredManifest | undefined;
  #previous: StoredManifest | undefined;

  constructor(options: ManifestStoreOptions) {
    this.#options = options;
    this.#previous = this.#read(this.#previousPath);
    const isThere = existsSync(this.#path);
    this.#current = this.#read(this.#path) ?? (isThere ? this.#lastGood() : undefined);
  }

  get current(): StoredManifest | undefined {
    return this.#current;
  }

  /** What an agent that was killed may have been changing. */
  get previous(): StoredManifest | undefined {
    return this.#previous;
  }

  /** Reads `manifest.json` again: somebody may have put another there. A damaged one is set aside, and the current stays. */
  reread(): StoredManifest | undefined {
    const stored = this.#read(this.#path);
    if (stored) this.#current = stored;
    return this.#current;
  }

  /** Throws AGENT_STATE_UNWRITABLE; the old manifest is the current one then. */
  async replace(manifest: Manifest): Promise<void> {
    const next: StoredManifest = { manifest, appliedAt: this.#options.now() };
    const before = this.#current;
    try {
      if (before) await this.#write(this.#previousPath, before);
      this.#previous = before;
      await this.#write(this.#path, next);
    } catch (error) {
      throw agentErrors.error(
        'AGENT_STATE_UNWRITABLE',
        `The manifest was not applied, because it cannot be saved: ${messageOf(error)}`,
        { cause: error, details: { path: this.#path } },
      );
    }
    this.#current = next;
  }

  get #path(): string {
    return join(this.#options.directory, 'manifest.json');
  }

  get #previousPath(): string {
    return join(this.#options.directory, 'manifest.previous.json');
  }

  #lastGood(): StoredManifest | undefined {
    const previous = this.#previous;
    if (previous) {
      this.#options.log.warn(
        {
          appliedAt: new Date(previous.appliedAt).toISOString(),
          services: previous.manifest.services.length,
        },
        'There is no usable manifest: the one before it is used; apply yours again',
      );
    }
    return previous;
  }

  #read(path: string): StoredManifest | undefined {
    return readJsonFile(path, readStored, this.#options);
  }

  async #write(path: string, { manifest, appliedAt }: StoredManifest): Promise<void> {
    // Environment variables may be secrets.
    await writeFileAtomic(path, `${JSON.stringify({ version: formatVersion, appliedAt, manifest })}\n`, {
      mode: 0o600,
    });
  }
}

function readStored(value: unknown): StoredManifest {
  if (!isRecord(value)) throw new Error('It is not an object');
  const { version, appliedAt, manifest } = value;
  if (version !== formatVersion)
    throw new Error(`It has the format ${String(version)}, and this agent reads ${formatVersion}`);
  return { manifest: readManifest(manifest), appliedAt: typeof appliedAt === 'number' ? appliedAt : 0 };
}
