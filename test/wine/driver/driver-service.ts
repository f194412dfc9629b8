// Runs under Wine and does there what the tests ask for: the other half of `WineDriver`. It is a service of ours that
// nobody started as a service, so it also shows that such a program runs as on a terminal (error 1063).
import { connect } from 'node:net';
import { createInterface } from 'node:readline';
import {
  isAppError,
  messageOf,
  type ServiceManager,
  type ServiceSpec,
  type WaitOptions,
} from '@mainstay/core';
import { createManager } from '@mainstay/platform';
import { defineService } from '@mainstay/service';
import { readSettings } from '../../../packages/platform/src/windows/installed.ts';
import {
  readRegistry,
  writeRegistry,
  type RegistryValue,
} from '../../../packages/platform/src/windows/registry.ts';
import { createProtectedDirectory, readSecurity } from '../../../packages/platform/src/windows/security.ts';
import {
  codeOf,
  ScmConnection,
  ServiceAccess,
  type ServiceBasics,
  type ServiceHandle,
} from '../../../packages/platform/src/windows/service-api.ts';
import type { ControlResult, DriverRequest } from './protocol.ts';

const everything = Object.values(ServiceAccess).reduce((all, bit) => all | bit, 0);

function withService<Result>(name: string, run: (service: ServiceHandle) => Result): Result {
  using scm = new ScmConnection();
  using service = scm.openService(name, everything);
  return run(service);
}

function timed(run: () => void): ControlResult {
  const begin = performance.now();
  let error = 0;
  try {
    run();
  } catch (caught) {
    error = codeOf(caught) ?? -1;
  }
  return { error, milliseconds: performance.now() - begin };
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

type Progress = WaitOptions['onProgress'];

function methods(manager: ServiceManager, progress: Progress) {
  const options = (given: object) => ({ ...given, ...(progress && { onProgress: progress }) }) as WaitOptions;
  return {
    directoriesFor: (name: string) => manager.directoriesFor(name),
    plan: (spec: ServiceSpec) => manager.plan(spec),
    install: (spec: ServiceSpec) => manager.install(spec),
    planUninstall: (name: string, given: { purge: boolean }) => manager.planUninstall(name, given),
    uninstall: (name: string, given: WaitOptions & { purge: boolean }) =>
      manager.uninstall(name, { ...options(given), purge: given.purge }),
    query: (name: string) => manager.query(name),
    act: (name: string, action: 'start', given: WaitOptions) => manager.act(name, action, options(given)),
    sendCustomControl: (name: string, code: number) => manager.sendCustomControl(name, code),
    async logs(name: string, query: { lines: number }) {
      const lines: string[] = [];
      for await (const line of manager.logs(name, { ...query, follow: false })) lines.push(line);
      return lines;
    },
    // The rest goes past the manager, as an administrator's own tools would.
    status: (name: string) => withService(name, (service) => service.status()),
    settings: (name: string) => withService(name, (service) => readSettings(name, service)),
    change: (name: string, basics: Partial<ServiceBasics>) =>
      withService(name, (service) => service.change(basics)),
    start: (name: string, args: readonly string[]) =>
      timed(() => withService(name, (service) => service.start(args))),
    control: (name: string, code: number) =>
      timed(() => withService(name, (service) => service.control(code))),
    kill: (pid: number) => process.kill(pid),
    isAlive,
    readRegistry,
    writeRegistry: (key: string, name: string, value: RegistryValue) => writeRegistry(key, name, value),
    readSecurity,
    createProtectedDirectory,
  };
}

export default defineService({
  name: 'wine-driver',
  async start(ctx) {
    const socket = connect(Number(process.env['WINE_DRIVER_PORT']), '127.0.0.1');
    const send = (message: object) => socket.write(`${JSON.stringify(message)}\n`);
    const manager = await createManager({ scope: 'system' });
    const serve = async ({ id, method, params }: DriverRequest) => {
      const all = methods(manager, (info) => send({ id, progress: info }));
      const call = all[method as keyof typeof all] as (...given: readonly unknown[]) => unknown;
      send({ id, result: (await call(...params)) ?? null });
    };
    createInterface(socket).on('line', (line) => {
      const request = JSON.parse(line) as DriverRequest;
      serve(request).catch((error: unknown) => {
        const { code, details } = isAppError(error) ? error : { code: undefined, details: {} };
        const stack = error instanceof Error && code === undefined ? `\n${error.stack}` : '';
        send({ id: request.id, error: { code, message: messageOf(error) + stack, details } });
      });
    });
    socket.on('close', () => ctx.requestStop());
    send({ id: 0, result: ctx.name });
    return { stop: () => void socket.destroy() };
  },
});
