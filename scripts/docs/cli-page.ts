import type { Command } from 'commander';

export interface DocumentedProgram {
  readonly title: string;
  readonly intro: string;
  readonly program: Command;
}

/** Columns that the help texts are wrapped to. */
const width = 100;

/** docs/reference/cli.md: what `--help` prints, of every command, so that the two cannot differ. */
export function cliPage(programs: readonly DocumentedProgram[]): string {
  const lines = ['# Commands', ''];
  for (const { title, intro, program } of programs) {
    lines.push(`## ${title}`, '', intro, '');
    for (const command of withSubcommands(program)) {
      lines.push(`### \`${fullName(command)}\``, '', '```text', helpOf(command), '```', '');
    }
  }
  return `${lines.join('\n').trimEnd()}\n`;
}

function withSubcommands(command: Command): Command[] {
  const visible = command
    .createHelp()
    .visibleCommands(command)
    .filter((inner) => inner.name() !== 'help');
  return [command, ...visible.flatMap((inner) => withSubcommands(inner))];
}

function fullName(command: Command): string {
  return command.parent ? `${fullName(command.parent)} ${command.name()}` : command.name();
}

function helpOf(command: Command): string {
  let text = '';
  command.configureOutput({
    writeOut: (part) => (text += part),
    getOutHelpWidth: () => width,
    getOutHasColors: () => false,
  });
  command.outputHelp();
  return text.trimEnd();
}
