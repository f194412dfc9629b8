import type { PassedDescriptor } from '@mainstay/core';

/** First passed descriptor, SD_LISTEN_FDS_START (sd_listen_fds(3)). */
const firstDescriptor = 3;
/** A wrong number must not become a list without an end. */
const maxDescriptors = 4096;

/** Variables that are meant for this process alone and must not reach its children. */
const variables = ['LISTEN_FDS', 'LISTEN_PID', 'LISTEN_FDNAMES', 'LISTEN_PIDFDID'] as const;

/**
 * The sockets that whoever started this process has passed: systemd's socket activation, or an agent's `listen:`. The
 * variables are removed from `env`, also when they are meant for another process (sd_listen_fds(3), `unset_environment`).
 */
export function takeListenDescriptors(
  env: Record<string, string | undefined>,
  pid: number = process.pid,
): readonly PassedDescriptor[] {
  const isOurs = env['LISTEN_PID'] === String(pid);
  const count = isOurs ? readCount(env['LISTEN_FDS']) : 0;
  const names = env['LISTEN_FDNAMES']?.split(':') ?? [];
  for (const name of variables) delete env[name];
  return Array.from({ length: count }, (_, index) => ({
    fd: firstDescriptor + index,
    // What systemd itself says for a descriptor without a name (sd_listen_fds_with_names(3)).
    name: names[index] || 'unknown',
  }));
}

function readCount(text: string | undefined): number {
  return text !== undefined && /^[0-9]{1,15}$/.test(text) ? Math.min(Number(text), maxDescriptors) : 0;
}
