import { createContainment } from '@mainstay/platform';
import { ProcessRunner, SharedPorts, SocketProvider } from '@mainstay/supervisor';

import type { OpenedRunner, PartsContext } from '../parts.ts';

/** Services as children of this process, held by what the machine has for that. */
export async function openProcessRunner({
  name,
  clock,
  log,
  runtimeDirectory,
}: PartsContext): Promise<OpenedRunner> {
  const containment = await createContainment({ name, directory: runtimeDirectory, log });
  const sockets = new SocketProvider();
  const ports = new SharedPorts({ clock, log, duplicate: (service, fd) => sockets.duplicate(service, fd) });
  const runner = new ProcessRunner({
    containment,
    ports,
    sockets,
    clock,
    log,
  });
  return {
    runner,
    containment: containment.kind,
    async close() {
      await runner.close();
      await containment.close();
    },
  };
}
