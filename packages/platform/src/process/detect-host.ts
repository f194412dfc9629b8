import type { HostKind } from '@mainstay/core';

/** What can be known about a process without asking the operating system. */
export interface HostFacts {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly platform: NodeJS.Platform;
  readonly pid: number;
  readonly ppid: number;
  /** The parent opened a Node IPC channel. */
  readonly hasIpcChannel: boolean;
  /** Whether standard input is a terminal or console; called only where it decides. */
  readonly isTerminal: () => boolean;
}

/** Under what a process runs, and what it is known by, for people. */
export interface DetectedHost {
  readonly kind: HostKind;
  readonly reason: string;
}

/**
 * Finds out under what a process runs. The order matters: what is most specific comes first, because a child of a
 * service inherits the service's environment.
 *
 * On Windows `scm` means "possibly": only the SCM itself can say (error 1063 of StartServiceCtrlDispatcher, MSDN).
 */
export function detectHost(facts: HostFacts): HostKind {
  return explainHost(facts).kind;
}

/** The same, with the reason. */
export function explainHost(facts: HostFacts): DetectedHost {
  const { env, platform, pid } = facts;
  if (env['MAINSTAY_HOST'] === 'supervisor' && facts.hasIpcChannel)
    return { kind: 'supervisor', reason: 'MAINSTAY_HOST=supervisor, and the parent opened an IPC channel' };
  // SESSIONNAME would be missing in session 0, but under Wine it is set for services too.
  if (platform === 'win32') {
    return facts.isTerminal()
      ? { kind: 'terminal', reason: 'standard input is a console' }
      : { kind: 'scm', reason: 'standard input is no console; a service asks the SCM whether it started it' };
  }
  if (platform === 'linux' && isSystemd(facts))
    return { kind: 'systemd', reason: 'NOTIFY_SOCKET is set, or SYSTEMD_EXEC_PID is this process' };
  if (platform === 'darwin' && isLaunchd(facts))
    return { kind: 'launchd', reason: 'XPC_SERVICE_NAME is set, and launchd is the parent' };
  // PID 1 of a PID namespace is a container's first process, whoever made it.
  if (pid === 1) return { kind: 'container', reason: 'this process is PID 1' };
  if (env['KUBERNETES_SERVICE_HOST']) return { kind: 'container', reason: 'KUBERNETES_SERVICE_HOST is set' };
  // Set by podman, LXC, systemd-nspawn (systemd.exec, "Container Interface"); with an init in between we are not PID 1.
  if (env['container'] && !facts.isTerminal())
    return {
      kind: 'container',
      reason: 'the variable "container" is set, and standard input is no terminal',
    };
  return { kind: 'terminal', reason: 'nothing else started it: no service manager, no container' };
}

/**
 * NOTIFY_SOCKET is set for Type=notify (sd_notify(3)); SYSTEMD_EXEC_PID (systemd.exec(5), since 248) names the process
 * that systemd itself started, so a shell below a unit of Type=simple is not taken for it.
 */
function isSystemd({ env, pid }: HostFacts): boolean {
  return Boolean(env['NOTIFY_SOCKET']) || env['SYSTEMD_EXEC_PID'] === String(pid);
}

/** launchd is PID 1 and sets the job's label; a terminal has `0` or `application.…` there, and a shell as parent. */
function isLaunchd({ env, ppid }: HostFacts): boolean {
  const label = env['XPC_SERVICE_NAME'];
  return ppid === 1 && Boolean(label) && label !== '0' && !label?.startsWith('application.');
}
