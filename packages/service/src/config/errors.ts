import { defineErrors, ExitCode } from '@mainstay/core';

/** Codes of configuration problems and warnings; a failed load as a whole is `CONFIG_INVALID`. */
export const configErrors = defineErrors('config', {
  CONFIG_INVALID: {
    kind: 'operator',
    summary: 'The configuration has problems',
    action: 'Correct every problem in the list; each names its file, line and column, or its variable',
    exitCode: ExitCode.notConfigured,
  },
  CONFIG_FILE_MISSING: {
    kind: 'operator',
    summary: 'The file that --config names does not exist',
    action: 'Correct the path or create the file',
  },
  CONFIG_FILE_UNREADABLE: {
    kind: 'environment',
    summary: 'A configuration file cannot be read, or is not a regular file',
    action: 'Give the account of the service the right to read it',
  },
  CONFIG_FILE_TOO_LARGE: {
    kind: 'operator',
    summary: 'A configuration file is larger than the limit',
    action: 'Keep data out of the configuration',
  },
  CONFIG_FILE_ENCODING: {
    kind: 'operator',
    summary: 'A configuration file is not UTF-8',
    action: 'Save the file as UTF-8',
  },
  CONFIG_FILE_FORMAT: {
    kind: 'operator',
    summary: 'The ending of a configuration file is not known',
    action: 'Use .yaml, .yml or .json',
  },
  CONFIG_FILE_SHADOWED: {
    kind: 'operator',
    summary: 'Two configuration files stand side by side, and one is not read',
    action: 'Remove the one that is not meant',
  },
  CONFIG_SYNTAX: {
    kind: 'operator',
    summary: 'A configuration file is not valid YAML or JSON',
    action: 'Correct the file at the line and column',
  },
  CONFIG_DUPLICATE_KEY: {
    kind: 'operator',
    summary: 'A key is given twice in one map',
    action: 'Remove one of the two',
  },
  CONFIG_FORBIDDEN_KEY: {
    kind: 'operator',
    summary: 'The key __proto__ is not allowed',
    action: 'Rename the key',
  },
  CONFIG_NOT_A_MAP: {
    kind: 'operator',
    summary: 'The top of a configuration file is not a map',
    action: 'Write keys and values',
  },
  CONFIG_TOO_COMPLEX: {
    kind: 'operator',
    summary: 'A configuration file expands to too many values or is nested too deeply',
    action: 'Use fewer aliases and less nesting',
  },
  CONFIG_PROFILE_NAME: {
    kind: 'operator',
    summary: 'ENV_NAME cannot be part of a file name',
    action: 'Use letters, digits, dots, dashes and underscores',
  },
  CONFIG_PROFILE_MISSING: {
    kind: 'operator',
    summary: 'There is no file for the profile that ENV_NAME chooses',
    action: 'Correct ENV_NAME, or create the file, also if it stays empty',
  },
  CONFIG_PLACEHOLDER_SYNTAX: {
    kind: 'operator',
    summary: 'A ${…} placeholder cannot be read',
    action: 'Write ${NAME} or ${NAME:default}, and $${ for a literal ${',
  },
  CONFIG_VARIABLE_MISSING: {
    kind: 'operator',
    summary: 'An environment variable is not set and its placeholder has no default',
    action: 'Set the variable or write ${NAME:default}',
  },
  CONFIG_VARIABLE_CONFLICT: {
    kind: 'operator',
    summary: 'Two environment variables set the same key',
    action: 'Remove one of the two',
  },
  CONFIG_VARIABLE_UNKNOWN: {
    kind: 'operator',
    summary: "An environment variable has the service's prefix and matches no key",
    action: 'Correct its name or remove it',
  },
  CONFIG_FLAG: {
    kind: 'operator',
    summary: 'A --set or --config flag cannot be read',
    action: 'Write --set key.path=value',
  },
  CONFIG_SECRET: {
    kind: 'environment',
    summary: 'A secret cannot be loaded',
    action: 'See that the file, credential or variable that the reference names exists and can be read',
  },
  CONFIG_SECRET_EXPOSED: {
    kind: 'operator',
    summary:
      'Every user of the machine can read a secret file, or a secret is too short to be masked in logs',
    action: 'Run chmod o-r on the file; use a longer secret',
  },
  CONFIG_SOURCE: {
    kind: 'environment',
    summary: 'A source of configuration failed',
    action: 'See the message of the source',
  },
  CONFIG_VALUE: {
    kind: 'operator',
    summary: "A value does not satisfy the service's schema",
    action: 'Correct the value where the problem says that it comes from',
  },
  CONFIG_UNKNOWN_KEY: {
    kind: 'operator',
    summary: 'A key is not known to the service',
    action: 'Correct its spelling or remove it',
  },
});

export type ConfigProblemCode = keyof typeof configErrors.entries;
