import { createContainment } from '@mainstay/platform';
import { ProcessRunner, SharedPorts } from '@mainstay/supervisor';

import type { OpenedRunner, PartsContext } from './types.ts';
import { ServiceSockets } from './service-sockets.ts';

/** Services as children of this process, held by what the machine has for that. */
export async function openProcessRunner({
  name,
  clock,
  log,
  runtimeDirectory,
}: PartsContext): Promise<OpenedRunner> {
  const containment = await createContainment({ name, directory: runtimeDirectory, log });
  const sockets = new ServiceSockets(log);
  const ports = new SharedPorts({ clock, log, duplicate: (service, fd) => sockets.duplicate(service, fd) });
  const runner = new ProcessRunner({ containment, ports, sockets, clock, log });
  const forget = runner.forget.bind(runner);
  // With the service go the sockets that outlive its processes.
  runner.forget = async (service) => {
    await forget(service);
    ports.release(service);
    sockets.release(service);
  };
  return {
    runner,
    containment: containment.kind,
    prepare: (services) => sockets.prepare(services),
    async close() {
      await runner.close();
      ports.close();
      sockets.close();
      await containment.close();
    },
  };
}
