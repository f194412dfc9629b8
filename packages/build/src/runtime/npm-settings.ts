import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';

/** Settings in the form that npm-registry-fetch takes, with the per-registry credentials under their own keys. */
export type NpmSettings = Readonly<Record<string, unknown>>;

export interface NpmSettingsOptions {
  /** Folder of the project whose .npmrc counts. */
  readonly projectFolder: string;
  readonly env?: NodeJS.ProcessEnv;
  readonly homeFolder?: string;
}

/** npm's names and those of npm-registry-fetch, for the settings that decide how a package is fetched. */
const renamed: Readonly<Record<string, string>> = {
  'https-proxy': 'proxy',
  'strict-ssl': 'strictSSL',
  noproxy: 'noProxy',
  'fetch-timeout': 'timeout',
  'fetch-retries': 'fetchRetries',
  'fetch-retry-factor': 'fetchRetryFactor',
  'fetch-retry-mintimeout': 'fetchRetryMintimeout',
  'fetch-retry-maxtimeout': 'fetchRetryMaxtimeout',
  'local-address': 'localAddress',
  'user-agent': 'userAgent',
};
const plain = new Set(['registry', 'proxy', 'ca', 'cert', 'key', 'offline', 'cafile']);

/**
 * Reads the user's npm settings as npm does: environment over project over user over global npmrc
 * (npm documentation, "npmrc").
 */
export async function loadNpmSettings(options: NpmSettingsOptions): Promise<NpmSettings> {
  const env = options.env ?? process.env;
  const home = options.homeFolder ?? homedir();
  const fromEnv = environmentSettings(env);
  const files = [
    fromEnv['globalconfig'] ?? (await globalNpmrc(env)),
    fromEnv['userconfig'] ?? join(home, '.npmrc'),
    join(options.projectFolder, '.npmrc'),
  ];
  const merged: Record<string, string | string[]> = {};
  for (const file of files) {
    if (typeof file !== 'string') continue;
    Object.assign(merged, parseNpmrc(await readFile(file, 'utf8').catch(() => ''), env));
  }
  Object.assign(merged, fromEnv);
  return await toFetchSettings(merged, env);
}

/** `npm_config_some_key=value`, any case; npm itself passes its own settings to its children this way. */
function environmentSettings(env: NodeJS.ProcessEnv): Record<string, string> {
  const settings: Record<string, string> = {};
  for (const [name, value] of Object.entries(env)) {
    const key = /^npm_config_(.+)$/i.exec(name)?.[1];
    if (key === undefined || value === undefined || value === '') continue;
    settings[key.startsWith('//') || key.startsWith('@') ? key : key.toLowerCase().replaceAll('_', '-')] =
      value;
  }
  return settings;
}

/** `<prefix>/etc/npmrc`, where the prefix is two folders above the npm on PATH. */
async function globalNpmrc(env: NodeJS.ProcessEnv): Promise<string | undefined> {
  if (env['PREFIX'] !== undefined) return join(env['PREFIX'], 'etc', 'npmrc');
  if (process.platform === 'win32') return env['APPDATA'] && join(env['APPDATA'], 'npm', 'etc', 'npmrc');
  for (const folder of (env['PATH'] ?? '').split(delimiter)) {
    const file = join(dirname(folder), 'etc', 'npmrc');
    if (
      folder.endsWith('bin') &&
      (await readFile(file).then(
        () => true,
        () => false,
      ))
    )
      return file;
  }
  return undefined;
}

/** The ini dialect of .npmrc: `key = value`, `key[] = item`, `;` and `#` comments, `${NAME}` from the environment. */
export function parseNpmrc(text: string, env: NodeJS.ProcessEnv): Record<string, string | string[]> {
  const settings: Record<string, string | string[]> = {};
  for (const line of text.split(/\r?\n/)) {
    const match = /^\s*([^=;#\s][^=]*?)\s*(?:=\s*(.*?)\s*)?$/.exec(line);
    if (match?.[1] === undefined) continue;
    const expand = (part: string): string =>
      part.replace(
        /\$\{([^}?]+)\??\}/g,
        (whole, name: string) => env[name] ?? (whole.endsWith('?}') ? '' : whole),
      );
    const key = expand(match[1]);
    const value = expand(unquote(match[2] ?? 'true'));
    if (!key.endsWith('[]')) {
      settings[key] = value;
      continue;
    }
    const name = key.slice(0, -2);
    const before = settings[name];
    settings[name] = [...(Array.isArray(before) ? before : []), value];
  }
  return settings;
}

function unquote(value: string): string {
  return (
    /^"(.*)"$|^'(.*)'$/
      .exec(value)
      ?.slice(1)
      .find((part) => part !== undefined) ?? value
  );
}

async function toFetchSettings(
  merged: Readonly<Record<string, string | string[]>>,
  env: NodeJS.ProcessEnv,
): Promise<NpmSettings> {
  const settings: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(merged)) {
    if (key.startsWith('//') || key.endsWith(':registry')) settings[key] = value;
    else if (renamed[key] !== undefined) settings[renamed[key]] = typed(value);
    else if (plain.has(key)) settings[key] = typed(value);
  }
  const cafile = settings['cafile'];
  delete settings['cafile'];
  if (typeof cafile === 'string' && settings['ca'] === undefined) {
    const text = await readFile(cafile, 'utf8').catch(() => '');
    const certificates = text.match(/-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g);
    if (certificates !== null) settings['ca'] = certificates;
  }
  settings['proxy'] ??= env['HTTPS_PROXY'] ?? env['https_proxy'] ?? env['HTTP_PROXY'] ?? env['http_proxy'];
  if (settings['proxy'] === undefined) delete settings['proxy'];
  return settings;
}

function typed(value: string | string[]): unknown {
  if (value === 'true' || value === 'false') return value === 'true';
  if (value === 'null') return null;
  return typeof value === 'string' && /^\d+$/.test(value) ? Number(value) : value;
}
