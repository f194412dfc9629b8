import { ExitCode, type ProgramLimits, type ProgramSettings, type ServiceSpec } from '@mainstay/core';
import { platformErrors } from '../errors.ts';
import { formatEndCommand } from './ends.ts';
import type { UnitEntry } from './unit-file.ts';
import { escapeSpecifiers, formatCommand, quoteWord } from './unit-syntax.ts';

const entry = (key: string, value: string): UnitEntry => ({ key, value });

/** Asks by a command, then waits for the main process: systemd kills what is left as soon as the command has ended. */
const stopScript = '"$@"; while kill -0 "$MAINPID" 2>/dev/null; do sleep 0.1; done';

/** How a program of the agent's manifest is started and told to end, in systemd's terms (systemd.service(5)). */
export function programCommands(spec: ServiceSpec, program: ProgramSettings): UnitEntry[] {
  const isNotify = program.readiness === 'notify';
  return [
    entry('Type', isNotify ? 'notify' : 'exec'),
    ...(isNotify ? [entry('NotifyAccess', 'main')] : []),
    entry('ExecStart', formatCommand(spec.executable, spec.args)),
    ...(program.reloadSignal === undefined
      ? []
      : [entry('ExecReload', `/bin/kill -${signalName(program.reloadSignal)} $MAINPID`)]),
    ...stopCommands(program),
    // With all rights, whoever the program runs as: the file is the agent's.
    ...(program.endsFile === undefined
      ? []
      : [entry('ExecStopPost', `+${formatEndCommand(program.endsFile)}`)]),
    // The main process is asked; what is left after it, or after the time-out, is killed with it.
    entry('KillMode', 'mixed'),
    entry('WorkingDirectory', directoryPath(program.workingDirectory)),
    // The control socket is in it. Any other program needs none.
    ...(isNotify ? [entry('RuntimeDirectory', spec.name), entry('RuntimeDirectoryMode', '0700')] : []),
    ...exitRules(program),
    ...limits(program.limits),
  ];
}

function stopCommands({ stopSignal, stopCommand }: ProgramSettings): UnitEntry[] {
  if (stopCommand !== undefined) {
    return [
      entry('ExecStop', formatCommand('/bin/sh', ['-c', stopScript, 'sh', ...stopCommand])),
      entry('KillSignal', 'SIGKILL'),
    ];
  }
  return [entry('KillSignal', signalName(stopSignal ?? 'SIGTERM'))];
}

function exitRules({ neverOn, successOn, readiness }: ProgramSettings): UnitEntry[] {
  // A Mainstay service with a wrong command line or configuration does not get better by trying again.
  const never = readiness === 'notify' ? [ExitCode.usage, ExitCode.notConfigured, ...neverOn] : neverOn;
  return [
    ...(never.length > 0 ? [entry('RestartPreventExitStatus', [...new Set(never)].join(' '))] : []),
    ...(successOn.length > 0 ? [entry('SuccessExitStatus', successOn.join(' '))] : []),
  ];
}

/** systemd.resource-control(5), systemd.exec(5). What is counted is what `usage` is read from. */
function limits(wanted: ProgramLimits): UnitEntry[] {
  const set = (key: string, value: number | undefined, unit = ''): UnitEntry[] =>
    value === undefined ? [] : [entry(key, `${Math.trunc(value)}${unit}`)];
  return [
    entry('CPUAccounting', 'yes'),
    entry('MemoryAccounting', 'yes'),
    entry('TasksAccounting', 'yes'),
    ...set('MemoryHigh', wanted.memorySoftBytes),
    ...set('MemoryMax', wanted.memoryHardBytes),
    ...set('CPUQuota', wanted.cpuPercent, '%'),
    ...set('TasksMax', wanted.processes),
    ...set('LimitNOFILE', wanted.openFiles),
    ...set('Nice', wanted.nice),
    // All of it goes when the kernel takes one process of it for its memory.
    entry('OOMPolicy', 'kill'),
  ];
}

/** `TERM` and `SIGTERM` are the same; anything else would be read by systemd as it likes. */
function signalName(name: string): string {
  if (/^(?:SIG)?[A-Z][A-Z0-9+-]{1,14}$/.test(name)) return name.startsWith('SIG') ? name : `SIG${name}`;
  throw platformErrors.error('MANAGER_INVALID_SPEC', `${JSON.stringify(name)} is not the name of a signal`);
}

/** A path to the end of the line, without quotes (systemd.exec(5), WorkingDirectory=). */
function directoryPath(path: string): string {
  // oxlint-disable-next-line no-control-regex -- a line break would begin the next setting
  if (path.startsWith('/') && !/[\u0000-\u001f\u007f\\]/.test(path) && path.trim() === path)
    return escapeSpecifiers(path);
  throw platformErrors.error(
    'MANAGER_INVALID_SPEC',
    `${JSON.stringify(path)} cannot be the working directory of a systemd unit: it has to be absolute, without control characters and backslashes`,
  );
}

/** The owner as it stands in the unit. */
export function ownerEntry({ owner }: ProgramSettings): UnitEntry {
  return entry('Owner', quoteWord(escapeSpecifiers(owner)));
}
