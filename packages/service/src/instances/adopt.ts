/**
 * To be called by a process that was forked, by a primary or by an agent, before its start. Without it node:cluster ends
 * the process at once when the parent dies; with it the loss of the channel is a stop like any other.
 */
export async function adoptInstance(): Promise<void> {
  const { default: cluster } = await import('node:cluster');
  if (cluster.worker) cluster.worker.exitedAfterDisconnect = true;
}
