import type {
  LogQuery,
  ManagerAction,
  ServiceDirectories,
  ServiceInfo,
  ServiceManager,
  ServicePlan,
  ServiceSpec,
  WaitOptions,
} from '@mainstay/core';
import type { WineDriver } from './driver/wine-driver.ts';
import type { ScmHarness } from './scm-harness.ts';
import type { Wine } from './wine.ts';

/**
 * The real manager of Windows, run by the driver under Wine. Directories are paths of this machine on this side, so that a
 * suite can look into them.
 */
export class RemoteManager implements ServiceManager {
  readonly kind = 'scm';
  readonly scope = 'system';
  readonly #driver: WineDriver;
  readonly #wine: Wine;

  constructor({ driver, wine }: Pick<ScmHarness, 'driver' | 'wine'>) {
    this.#driver = driver;
    this.#wine = wine;
  }

  directoriesFor(name: string): ServiceDirectories {
    const parent = this.#wine.toUnix(`C:\\ProgramData\\${name}`);
    return { state: `${parent}/state`, logs: `${parent}/logs`, config: `${parent}/config` };
  }

  plan(spec: ServiceSpec): Promise<ServicePlan> {
    return this.#driver.call('plan', [this.#toThere(spec)]);
  }

  install(spec: ServiceSpec): Promise<ServicePlan> {
    return this.#driver.call('install', [this.#toThere(spec)]);
  }

  planUninstall(name: string, options: { readonly purge: boolean }): Promise<ServicePlan> {
    return this.#driver.call('planUninstall', [name, options]);
  }

  uninstall(
    name: string,
    { purge, timeoutMs }: { readonly purge: boolean } & WaitOptions,
  ): Promise<ServicePlan> {
    return this.#driver.call('uninstall', [name, { purge, timeoutMs }]);
  }

  async query(name: string): Promise<ServiceInfo> {
    return this.#driver.call('query', [name]);
  }

  act(name: string, action: ManagerAction, { timeoutMs, onProgress }: WaitOptions): Promise<ServiceInfo> {
    return this.#driver.call('act', [name, action, { timeoutMs }], onProgress);
  }

  sendCustomControl(name: string, code: number): Promise<void> {
    return this.#driver.call('sendCustomControl', [name, code]);
  }

  async *logs(name: string, { lines }: LogQuery): AsyncGenerator<string> {
    yield* await this.#driver.call<string[]>('logs', [name, { lines }]);
  }

  /** The spec with its directories as paths of this machine. */
  toHere(spec: ServiceSpec): ServiceSpec {
    return translated(spec, (path) => (path.startsWith('/') ? path : this.#wine.toUnix(path)));
  }

  #toThere(spec: ServiceSpec): ServiceSpec {
    return translated(spec, (path) => (path.startsWith('/') ? this.#wine.toWindows(path) : path));
  }
}

function translated(spec: ServiceSpec, translate: (path: string) => string): ServiceSpec {
  const { state, logs, config } = spec.directories;
  const directories = { state: translate(state), logs: translate(logs), config: translate(config) };
  return { ...spec, directories };
}
