import type { Logger } from '@mainstay/core';
import { messageOf } from '@mainstay/core';
import { SocketProvider, type ProvidedDescriptor, type ServiceDeclaration } from '@mainstay/supervisor';

/**
 * The sockets of `listen:`, opened before the programs that get them are started: opening takes a turn of the event loop,
 * and a port that is taken should refuse the manifest.
 */
export class ServiceSockets {
  readonly #provider = new SocketProvider();
  readonly #opened = new Map<string, readonly ProvidedDescriptor[]>();
  readonly #failures = new Map<string, unknown>();
  readonly #log: Logger;

  constructor(log: Logger) {
    this.#log = log;
  }

  /** Opens what is not open yet. Throws the first of what failed, when it has tried all. */
  async prepare(services: readonly ServiceDeclaration[]): Promise<void> {
    for (const { name, listen } of services) {
      if (listen.length === 0 && !this.#opened.has(name)) continue;
      try {
        this.#opened.set(name, await this.#provider.descriptorsFor({ name, listen }));
        this.#failures.delete(name);
      } catch (error) {
        this.#failures.set(name, error);
      }
    }
    for (const { name } of services) {
      if (this.#failures.has(name)) throw this.#failures.get(name);
    }
  }

  /** Throws why they are not open, and tries to open them for the next start. */
  descriptorsFor(declaration: ServiceDeclaration): readonly ProvidedDescriptor[] {
    const { name } = declaration;
    const opened = this.#failures.has(name) ? undefined : this.#opened.get(name);
    if (opened) return opened;
    const failure = this.#failures.get(name) ?? new Error(`The sockets of ${name} are not open yet`);
    this.prepare([declaration]).catch((error: unknown) =>
      this.#log.warn({ service: name, error: messageOf(error) }, 'A socket could not be opened'),
    );
    throw failure;
  }

  /** For SharedPorts: another descriptor of the same socket. */
  duplicate(service: string, fd: number): number | undefined {
    return this.#provider.duplicate(service, fd);
  }

  release(service: string): void {
    this.#opened.delete(service);
    this.#failures.delete(service);
    this.#provider.release(service);
  }

  close(): void {
    for (const service of this.#opened.keys()) this.release(service);
    this.#provider.close();
  }
}
