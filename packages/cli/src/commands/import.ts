import { access, readFile, writeFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { basename, dirname, extname, posix, relative, resolve, win32 } from 'node:path';

import { ExitCode, messageOf } from '@mainstay/core';
import { printable } from '@mainstay/service/terminal';
import { supervisorErrors, type ManifestProblem } from '@mainstay/supervisor';
import {
  importEcosystem,
  importUnit,
  importWinsw,
  serviceName,
  writeManifest,
  type ImportedService,
} from '@mainstay/supervisor/import';
import { parseManifest } from '@mainstay/supervisor/manifest';

import type { CliContext } from '../context.ts';
import { readEcosystem } from '../import/read-ecosystem.ts';
import { languageOf } from '../manifest/language.ts';
import { formatProblem } from '../manifest/load-manifest.ts';

const kinds = ['pm2', 'winsw', 'systemd'] as const;
type Kind = (typeof kinds)[number];

interface ImportOptions {
  readonly from?: string;
  readonly env?: string;
  readonly out: string;
  readonly stdout?: boolean;
  readonly force?: boolean;
  readonly json?: boolean;
}

interface Source {
  readonly file: string;
  readonly kind: Kind;
  readonly text: string;
}

/** Makes a manifest from the files of another manager. Throws MANIFEST_IMPORT_FAILED, MANIFEST_EXISTS. */
export async function importServices(
  context: CliContext,
  files: readonly string[],
  options: ImportOptions,
): Promise<number> {
  const target = resolve(context.cwd, options.out);
  if (!options.stdout && !options.force && (await exists(target)))
    throw supervisorErrors.error(
      'MANIFEST_EXISTS',
      `There is a ${target} already; name another file with -o, or replace it with --force`,
    );
  const sources = await Promise.all(
    files.map((file) => readSource(resolve(context.cwd, file), options.from)),
  );
  const services = await importAll(sources, options.env, dirname(target));
  const text = writeManifest({ services }, sources.map(({ file }) => basename(file)).join(', '));
  const problems = await problemsOf(text, context, dirname(target));
  if (!options.stdout) await write(target, text, options.force === true);
  report(context, options, { target, text, services, problems });
  // What goes on to another program is not looked through by anybody.
  return options.stdout && problems.length > 0 ? ExitCode.failed : ExitCode.ok;
}

async function readSource(file: string, from: string | undefined): Promise<Source> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    throw failed(file, messageOf(error), error);
  }
  const kind = from === undefined ? kindOf(file, text) : kinds.find((one) => one === from);
  if (!kind)
    throw failed(file, `It is not known what it is of; say it with --from: ${kinds.join(', ')}`, undefined);
  return { file, kind, text };
}

function kindOf(file: string, text: string): Kind | undefined {
  const ending = extname(file).toLowerCase();
  if (['.js', '.cjs', '.mjs', '.json'].includes(ending)) return 'pm2';
  if (ending === '.xml' || /^\s*(<\?xml[^>]*>\s*)?<service\b/.test(text)) return 'winsw';
  if (ending === '.service' || /^\[(Unit|Service)\]/m.test(text)) return 'systemd';
  return undefined;
}

async function importAll(
  sources: readonly Source[],
  env: string | undefined,
  folder: string,
): Promise<ImportedService[]> {
  const units = sources.filter(({ kind }) => kind === 'systemd');
  const known = new Set([
    ...units.map(({ file }) => serviceName(basename(file).replace(/@?\.service$/, ''), new Set())),
    ...sources.filter(({ kind }) => kind === 'winsw').flatMap(({ text }) => idOf(text)),
  ]);
  const services: ImportedService[] = [];
  for (const { file, kind, text } of sources)
    try {
      const place = { folder: dirname(file), env, cores: availableParallelism() };
      const found =
        kind === 'pm2'
          ? importEcosystem(await readEcosystem(file), place).services
          : kind === 'winsw'
            ? [importWinsw(text, known, dirname(file))]
            : [importUnit({ name: basename(file), text, socket: await socketBeside(file) }, known)];
      for (const service of found) {
        const name = serviceName(service.name, new Set(services.map((one) => one.name)));
        services.push({ ...service, name, keys: movedTo(folder, dirname(file), kind, service.keys) });
      }
    } catch (error) {
      throw failed(file, messageOf(error), error);
    }
  if (services.length === 0) throw failed(sources[0]?.file ?? '', 'There is no service in it', undefined);
  return services;
}

/** What starts from the folder of the source file does so too when the manifest lies elsewhere. */
function movedTo(
  folder: string,
  from: string,
  kind: Kind,
  keys: ImportedService['keys'],
): ImportedService['keys'] {
  if (folder === from || kind === 'systemd') return keys;
  const { exec, cwd, ...rest } = keys;
  if (typeof cwd === 'string' && (posix.isAbsolute(cwd) || win32.isAbsolute(cwd))) return keys;
  const start = resolve(from, typeof cwd === 'string' ? cwd : '.');
  return { exec, cwd: relative(folder, start) || '.', ...rest };
}

function idOf(text: string): readonly string[] {
  const id = /<id>\s*([^<]+?)\s*<\/id>/.exec(text)?.[1];
  return id === undefined ? [] : [serviceName(id, new Set())];
}

async function socketBeside(file: string): Promise<string | undefined> {
  try {
    return await readFile(file.replace(/\.service$/, '.socket'), 'utf8');
  } catch {
    return undefined;
  }
}

/** What `validate` would say of the text alone; a source can hold what no manifest may. */
async function problemsOf(
  text: string,
  { env }: CliContext,
  folder: string,
): Promise<readonly ManifestProblem[]> {
  const result = await parseManifest(text, languageOf(env), {
    folder,
    platform: process.platform,
    machine: undefined,
    locate: async (path) => ({ ok: false, message: `${path} is not looked at` }),
    readText: (path) => readFile(path, 'utf8'),
  });
  return result.ok ? [] : result.problems;
}

async function write(target: string, text: string, force: boolean): Promise<void> {
  try {
    await writeFile(target, text, { flag: force ? 'w' : 'wx' });
  } catch (error) {
    throw failed(target, messageOf(error), error);
  }
}

function report(
  { output: { out, err }, cwd }: CliContext,
  options: ImportOptions,
  result: {
    readonly target: string;
    readonly text: string;
    readonly services: readonly ImportedService[];
    readonly problems: readonly ManifestProblem[];
  },
): void {
  const { target, text, services, problems } = result;
  const file = options.stdout ? '(stdout)' : relative(cwd, target) || target;
  if (options.json) {
    const summary = services.map(({ name, notes }) => ({ name, notes }));
    out.write(`${JSON.stringify({ file: target, services: summary, problems, manifest: text })}\n`);
    return;
  }
  if (options.stdout) out.write(text);
  for (const { name, notes } of services)
    for (const note of notes) err.write(`${err.style.yellow('Note:')} ${printable(`${name}: ${note}`)}\n`);
  for (const problem of problems)
    err.write(`${err.style.yellow('Problem:')} ${printable(formatProblem(file, problem))}\n`);
  const names = services.map(({ name }) => name).join(', ');
  if (options.stdout && problems.length > 0)
    err.write('The manifest has to be corrected in these places before an agent takes it\n');
  if (!options.stdout)
    out.write(`Wrote ${file} with ${names}; look through it, then run mainstay validate\n`);
}

async function exists(path: string): Promise<boolean> {
  try {
    await access(path);
    return true;
  } catch {
    return false;
  }
}

function failed(file: string, message: string, cause: unknown): Error {
  return supervisorErrors.error('MANIFEST_IMPORT_FAILED', `Cannot import ${file}: ${message}`, { cause });
}
