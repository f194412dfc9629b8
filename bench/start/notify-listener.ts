import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';

import { ffi } from '../../packages/platform/src/ffi/index.ts';

const AF_UNIX = 1;
const SOCK_DGRAM = 2;

/** The receiving end of sd_notify(3), to see READY=1 as systemd would. */
export class NotifyListener implements Disposable {
  readonly #folder = mkdtempSync(path.join(os.tmpdir(), 'bench-notify-'));
  readonly path = path.join(this.#folder, 'notify');
  readonly #fd: number;
  readonly #libc = ffi().load('libc.so.6');
  readonly #recv = this.#libc.func('intptr_t recv(int fd, _Out_ void *buffer, size_t length, int flags)');

  constructor() {
    const socket = this.#libc.func('int socket(int domain, int type, int protocol)');
    const bind = this.#libc.func('int bind(int fd, const void *address, uint32_t length)');
    const name = Buffer.from(this.path);
    const address = Buffer.alloc(2 + name.length + 1);
    address.writeUInt16LE(AF_UNIX, 0);
    name.copy(address, 2);
    this.#fd = socket(AF_UNIX, SOCK_DGRAM, 0) as number;
    if (this.#fd < 0 || bind(this.#fd, address, address.length) !== 0)
      throw new Error(`Cannot bind ${this.path}`);
  }

  /** Resolves when a datagram with READY=1 has come. */
  async ready(): Promise<void> {
    for (;;) {
      const buffer = Buffer.alloc(4096);
      const length = await new Promise<number>((resolve, reject) => {
        this.#recv.async(this.#fd, buffer, buffer.length, 0, (error: Error | null, count: number) =>
          error ? reject(error) : resolve(count),
        );
      });
      if (buffer.toString('utf8', 0, Math.max(0, length)).split('\n').includes('READY=1')) return;
    }
  }

  [Symbol.dispose](): void {
    const close = this.#libc.func('int close(int fd)');
    close(this.#fd);
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
