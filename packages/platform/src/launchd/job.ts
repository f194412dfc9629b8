import { build } from 'plist';
import { messageOf, type ProgramSettings, type ServiceSpec } from '@mainstay/core';
import { platformErrors } from '../errors.ts';
import { checkJob, type PlistDictionary } from './job-keys.ts';

/** launchd's own default between two starts, in seconds (launchd.plist(5), ThrottleInterval); it takes no less. */
const minThrottleSeconds = 10;

/** A launchd label is a reverse domain name; a service name that has dots is taken for one. */
export function labelFor(name: string): string {
  return name.includes('.') ? name : `mainstay.${name}`;
}

/** Name of the account of its own that a daemon runs as; role accounts begin with `_` (sysadminctl(8)). */
export function roleAccountFor(name: string): string {
  return `_${name.replace(/[^a-z0-9]/g, '_').slice(0, 30)}`;
}

/** Where a job's standard output goes. */
export function logFileFor(spec: Pick<ServiceSpec, 'name' | 'directories'>): string {
  return `${spec.directories.logs}/${spec.name}.log`;
}

/** The job of a service as launchd.plist(5) has it. Pure. Throws MANAGER_INVALID_SPEC. */
export function renderJob(spec: ServiceSpec): PlistDictionary {
  const { name, scope, account, recovery, program } = spec;
  const user = account.type === 'named' ? account.name : roleAccountFor(name);
  const job: PlistDictionary = {
    Label: labelFor(name),
    ProgramArguments: [spec.executable, ...spec.args],
    ...(scope === 'system' && { UserName: user, InitGroups: true }),
    // Starts it whenever the job is loaded, which `start` does, and the machine when the job is enabled.
    RunAtLoad: true,
    KeepAlive: recovery.restart === 'on-failure' ? { SuccessfulExit: false } : recovery.restart === 'always',
    ThrottleInterval: Math.max(minThrottleSeconds, Math.ceil(recovery.delayMs / 1000)),
    ExitTimeOut: Math.ceil(spec.stopTimeoutMs / 1000),
    // Without it launchd throttles the processor and the disk of a job (launchd.plist(5), ProcessType).
    ProcessType: 'Interactive',
    StandardOutPath: logFileFor(spec),
    StandardErrorPath: logFileFor(spec),
    ...(program ? programKeys(spec, program) : serviceKeys(spec)),
  };
  const problems = checkJob(job);
  if (problems.length > 0) {
    throw platformErrors.error(
      'MANAGER_INVALID_SPEC',
      `The launchd job of ${name} is wrong: ${problems.join('; ')}`,
    );
  }
  return job;
}

function serviceKeys({ directories, environment }: ServiceSpec): PlistDictionary {
  return {
    Umask: 0o077,
    WorkingDirectory: directories.state,
    EnvironmentVariables: {
      STATE_DIRECTORY: directories.state,
      LOGS_DIRECTORY: directories.logs,
      CONFIGURATION_DIRECTORY: directories.config,
      // Where the control socket goes: launchd has no directories that go with a job.
      RUNTIME_DIRECTORY: directories.state,
      ...environment,
    },
    SoftResourceLimits: { NumberOfFiles: 10_240 },
  };
}

/** A program of the agent's manifest: as the agent's child would run. */
function programKeys({ directories, environment }: ServiceSpec, program: ProgramSettings): PlistDictionary {
  const { limits, readiness, workingDirectory } = program;
  const files = limits.openFiles;
  return {
    WorkingDirectory: workingDirectory,
    EnvironmentVariables: {
      ...(readiness === 'notify' && { RUNTIME_DIRECTORY: directories.state }),
      ...environment,
    },
    ...(limits.nice !== undefined && { Nice: limits.nice }),
    SoftResourceLimits: { NumberOfFiles: files ?? 10_240 },
    ...(files !== undefined && { HardResourceLimits: { NumberOfFiles: files } }),
  };
}

/** What launchd does not keep of a program's settings, in words. */
function programNotes({ limits, neverOn, successOn, stopCommand, stopSignal }: ProgramSettings): string[] {
  const { memoryHardBytes, cpuPercent, processes } = limits;
  const unheld = Object.entries({ memory: memoryHardBytes, cpu: cpuPercent, processes }).filter(
    ([, value]) => value,
  );
  const notes = unheld.map(([name]) => `launchd cannot limit ${name}: it is not kept`);
  if (neverOn.length > 0 || successOn.length > 0) {
    notes.push(
      'launchd knows good ends by exit code 0 alone: rules for other codes hold while the agent runs',
    );
  }
  if (stopCommand !== undefined || (stopSignal ?? 'SIGTERM') !== 'SIGTERM') {
    notes.push('launchd ends a job by SIGTERM: another way of asking holds while the agent runs');
  }
  return notes;
}

/** What launchd does not keep, for `install` to say. */
export function jobNotes(spec: ServiceSpec): string[] {
  const notes = ['This was written from launchd’s documentation and has not been tried on macOS'];
  if (spec.dependencies.length > 0) notes.push('launchd has no order of start: dependencies are not kept');
  if (spec.recovery.restart !== 'never') {
    notes.push(`launchd never gives up, and waits at least ${minThrottleSeconds} s between two starts`);
  }
  if (spec.watchdogMs > 0) notes.push('launchd has no watchdog');
  if (spec.program) notes.push(...programNotes(spec.program));
  return notes;
}

/** The job as an XML property list. Throws MANAGER_INVALID_SPEC for text that XML cannot hold. */
export function formatJob(spec: ServiceSpec): string {
  const job = renderJob(spec);
  try {
    return `${build(job as Parameters<typeof build>[0])}\n`;
  } catch (error) {
    throw platformErrors.error(
      'MANAGER_INVALID_SPEC',
      `The launchd job of ${spec.name} holds characters that a property list cannot: ${messageOf(error)}`,
      { cause: error },
    );
  }
}
