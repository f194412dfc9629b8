import { isServiceName } from '../service-identity.ts';

/** Flags of `run`. */
export interface RunArguments {
  /** `--name NAME`: what the service is called here, in place of the definition's name. */
  readonly name?: string;
  /** `--config FILE` */
  readonly config?: string;
  /** `--set key.path=value`, each. */
  readonly set: readonly string[];
}

/**
 * Reads a command line that only runs the service: nothing, or `run` with its flags. Undefined for everything else
 * (other commands, `--help`, mistakes), which the command line proper handles with more imports.
 */
export function parseRunArguments(argv: readonly string[]): RunArguments | undefined {
  const [command, ...flags] = argv;
  if (command === undefined) return { set: [] };
  return command === 'run' ? parseRunFlags(flags) : undefined;
}

/** Reads the flags after `run`; undefined when there is anything else among them. */
export function parseRunFlags(flags: readonly string[]): RunArguments | undefined {
  let config: string | undefined;
  let name: string | undefined;
  const set: string[] = [];
  for (let at = 0; at < flags.length; at++) {
    const match = /^--(config|name|set)(?:=(.*))?$/s.exec(flags[at] ?? '');
    if (!match) return undefined;
    const value = match[2] ?? flags[++at];
    if (value === undefined || value === '') return undefined;
    if (match[1] === 'set') set.push(value);
    else if (match[1] === 'config') config = value;
    else if (isServiceName(value)) name = value;
    else return undefined;
  }
  return { set, ...(config !== undefined && { config }), ...(name !== undefined && { name }) };
}
