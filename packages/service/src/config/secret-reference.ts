import { dirname, isAbsolute, join, resolve } from 'node:path';
import type { FileReader } from './file-reader.ts';
import { minMaskableLength } from './secret-registry.ts';
import type { Environment } from './sources/environment.ts';
import type { Origin } from './types.ts';

export const secretSources = ['file', 'credential', 'env', 'literal'] as const;

export type SecretSource = (typeof secretSources)[number];

export interface SecretReference {
  readonly source: SecretSource;
  readonly name: string;
}

/** In bytes; systemd's own limit for one credential is 1 MiB (systemd.exec(5), "Credentials"). */
const maxSecretBytes = 1024 * 1024;

/**
 * `secret:file:/run/secrets/db`, `secret:credential:db`, `secret:env:DB_PASSWORD`, `secret:literal:…`. Undefined for
 * any other text; an unknown source is an error, so that a slip does not become the password.
 */
export function parseSecretReference(text: string): SecretReference | { readonly error: string } | undefined {
  const match = /^secret:([A-Za-z]+):(.*)$/s.exec(text);
  if (!match) return undefined;
  const source = secretSources.find((known) => known === match[1]);
  if (!source) {
    return {
      error: `Unknown source of a secret; use ${secretSources.map((known) => `secret:${known}:`).join(', ')}`,
    };
  }
  if (match[2] === '' && source !== 'literal') return { error: `Nothing after secret:${source}:` };
  return { source, name: match[2] ?? '' };
}

export interface SecretContext {
  readonly reader: FileReader;
  readonly env: Environment;
  readonly cwd: string;
  /** False where permission bits say nothing (Windows). */
  readonly checkPermissions: boolean;
}

export type LoadedSecret =
  | { readonly ok: true; readonly text: string; readonly warnings: readonly string[] }
  | { readonly ok: false; readonly message: string };

/** Messages name the reference, never the secret. A relative file is relative to the file that refers to it. */
export function loadSecret(
  reference: SecretReference,
  declared: Origin,
  context: SecretContext,
): LoadedSecret {
  const { source, name } = reference;
  switch (source) {
    case 'literal':
      return finish(name, []);
    case 'env': {
      const value = context.env[name];
      return value === undefined
        ? { ok: false, message: `Environment variable ${name} is not set` }
        : finish(value, []);
    }
    case 'credential': {
      const directory = context.env['CREDENTIALS_DIRECTORY'];
      if (directory === undefined || directory === '') {
        const message = `No systemd credentials here (CREDENTIALS_DIRECTORY is not set); add LoadCredential=${name}:PATH to the unit`;
        return { ok: false, message };
      }
      if (/[/\\]/.test(name) || name === '.' || name === '..') {
        return { ok: false, message: 'The name of a credential cannot hold a slash' };
      }
      return readSecret(join(directory, name), `Credential ${name}`, context, false);
    }
    case 'file': {
      const base = declared.file === undefined ? context.cwd : resolve(context.cwd, dirname(declared.file));
      const path = isAbsolute(name) ? name : resolve(base, name);
      return readSecret(path, `Secret file ${path}`, context, context.checkPermissions);
    }
  }
}

function readSecret(path: string, what: string, context: SecretContext, checkMode: boolean): LoadedSecret {
  const outcome = context.reader.read(path, maxSecretBytes);
  if (outcome.kind === 'missing') return { ok: false, message: `${what} does not exist` };
  if (outcome.kind === 'unreadable')
    return { ok: false, message: `${what} cannot be read: ${outcome.reason}` };
  if (outcome.kind === 'too-large')
    return { ok: false, message: `${what} is larger than ${outcome.limit} bytes` };
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(outcome.bytes);
  } catch {
    return { ok: false, message: `${what} is not UTF-8 text` };
  }
  const exposed = checkMode && (outcome.mode & 0o004) !== 0;
  // Editors and `echo` end a file with one newline, which is not part of the secret; a second one is.
  return finish(
    text.replace(/\r?\n$/, ''),
    exposed ? [`${what} can be read by every user; run chmod o-r on it`] : [],
  );
}

function finish(text: string, warnings: readonly string[]): LoadedSecret {
  return text.length >= minMaskableLength
    ? { ok: true, text, warnings }
    : { ok: true, text, warnings: [...warnings, 'Too short to be masked in logs; use a longer secret'] };
}
