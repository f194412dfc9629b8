import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Command } from 'commander';
import type { DocumentedProgram } from './cli-page.ts';

/** A module that builds a program without running it, and how to call it. */
interface ProgramSource {
  readonly title: string;
  readonly intro: string;
  readonly module: string;
  readonly build: (exported: Record<string, unknown>) => Command;
}

/** A seam: a program is documented as soon as its module exists. */
const sources: readonly ProgramSource[] = [
  {
    title: 'mainstay',
    intro: 'The command for those who write services, and run several of them on one machine.',
    module: 'packages/cli/src/program.ts',
    build: ({ createProgram }) => (createProgram as () => Command)(),
  },
  {
    title: "The executable's own commands",
    intro: 'Every service that `mainstay build` makes has these; from source they are the same.',
    module: 'packages/service/src/commands/index.ts',
    build: ({ createCommandLine }) => {
      const stream = { write: () => true, columns: 100 };
      const context = {
        definition: { name: '<service>', description: 'A service made with Mainstay' },
        output: { out: stream, err: stream },
        platform: 'linux',
        env: {},
        now: () => 0,
      };
      return (createCommandLine as (context: unknown, done: () => void) => Command)(context, () => {});
    },
  },
];

export async function documentedPrograms(root: string): Promise<DocumentedProgram[]> {
  const programs: DocumentedProgram[] = [];
  for (const { title, intro, module, build } of sources) {
    const path = join(root, module);
    if (!existsSync(path)) continue;
    const exported = (await import(pathToFileURL(path).href)) as Record<string, unknown>;
    programs.push({ title, intro, program: build(exported) });
  }
  return programs;
}
