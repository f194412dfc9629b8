import { glob, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type ErrorTable, ExitCode } from '@mainstay/core';

type AnyTable = ErrorTable<string>;

const isTable = (value: unknown): value is AnyTable =>
  typeof value === 'object' && value !== null && 'area' in value && 'entries' in value && 'error' in value;

/** Every error table that a package's source declares, by area. A new table needs no registration. */
export async function findErrorTables(root: string): Promise<AnyTable[]> {
  const tables = new Map<string, AnyTable>();
  const codes = new Map<string, string>();
  for await (const path of glob('packages/*/src/**/*.ts', { cwd: root, exclude: ['**/node_modules/**'] })) {
    const text = await readFile(join(root, path), 'utf8');
    if (!/^(?:export )?const \w+ = defineErrors\(/m.test(text)) continue;
    const exported = (await import(pathToFileURL(join(root, path)).href)) as Record<string, unknown>;
    const found = Object.values(exported).filter(isTable);
    if (found.length === 0) throw new Error(`${path} does not export the error table that it defines`);
    for (const table of found) {
      if (tables.has(table.area))
        throw new Error(`${path} defines the error area "${table.area}" a second time`);
      tables.set(table.area, table);
      for (const code of Object.keys(table.entries)) {
        if (codes.has(code)) throw new Error(`${path} defines ${code}, which ${codes.get(code)} has already`);
        codes.set(code, path);
      }
    }
  }
  return [...tables.values()].sort((a, b) => a.area.localeCompare(b.area));
}

const kinds = {
  operator: 'the input or the configuration',
  environment: 'the machine: disk, network, privilege',
  bug: 'Mainstay itself; please report it',
};

/** docs/reference/errors.md */
export function errorsPage(tables: readonly AnyTable[]): string {
  const lines = [
    '# Errors',
    '',
    'Every error has a code that stays the same; its message says what was wrong, where, and what to do.',
    '',
  ];
  lines.push('"Cause" is who can put it right:', '');
  for (const [kind, meaning] of Object.entries(kinds)) lines.push(`- ${kind}: ${meaning}`);
  for (const { area, entries } of tables) {
    lines.push(
      '',
      `## ${area}`,
      '',
      '| code | what happened | what to do | cause | exit |',
      '|---|---|---|---|---|',
    );
    for (const [code, { kind, summary, action, exitCode }] of Object.entries(entries)) {
      lines.push(
        `| \`${code}\` | ${cell(summary)} | ${cell(action)} | ${kind} | ${exitCode ?? ExitCode.failed} |`,
      );
    }
  }
  return `${lines.join('\n')}\n`;
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('\n', ' ');
}
