/** The seven states of a service, as Windows' SCM names them (MSDN: SERVICE_STATUS, dwCurrentState). */
export const serviceStates = [
  'stopped',
  'start-pending',
  'running',
  'pause-pending',
  'paused',
  'continue-pending',
  'stop-pending',
] as const;

export type ServiceState = (typeof serviceStates)[number];

/** True while an operation is under way and only a stop can be accepted. */
export function isPending(state: ServiceState): boolean {
  return state.endsWith('-pending');
}
