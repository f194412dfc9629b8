// What is here is small: everything that belongs to one operating system is loaded by the function that needs it.
export { systemClock } from './clock/system-clock.ts';
export { awaitGuardianCommand } from './containment/guardian-file.ts';
export type { ContainmentOptions } from './containment/options.ts';
export type { ContainedLimit, Container, Containment, ContainmentLimits } from './containment/types.ts';
export { findUser, type UserAccount } from './containment/user-account.ts';
export type { ControlClient } from './control-socket/client.ts';
export { createHost, explainCurrentHost, type HostOptions } from './host.ts';
export { createManager, type ManagerOptions } from './manager.ts';
export { platformErrors } from './errors.ts';
export type { WriteFileAtomicOptions } from './files/write-file-atomic.ts';
export { probeFfi } from './probe-ffi.ts';
export { detectHost, explainHost, type DetectedHost, type HostFacts } from './process/detect-host.ts';
export { identify, isAlive, type ProcessIdentity, type ProcessTable } from './process/identity.ts';
export { oncePerKeyPress, sameKeyPressMs } from './process/key-press.ts';
export type { ListeningSocket, ListeningSocketOptions } from './sockets/listening-socket.ts';
export {
  createSelfWorker,
  selfWorkerFlag,
  type SelfWorkerOptions,
  type SelfWorkerRole,
} from './process/self-worker.ts';

export { programHelperFlag } from './process/program-helper-flag.ts';

import type * as PipeSecurity from './windows/pipe-security.ts';
import type * as RunningPrograms from './windows/running-programs.ts';
import type { ContainmentOptions } from './containment/options.ts';
import type { Containment } from './containment/types.ts';
import type { ControlClient } from './control-socket/client.ts';
import type { WriteFileAtomicOptions } from './files/write-file-atomic.ts';
import type { ListeningSocket, ListeningSocketOptions } from './sockets/listening-socket.ts';

/** See `files/write-file-atomic.ts`; behind a function, because what it imports takes 10 ms of every start. */
export async function writeFileAtomic(
  path: string,
  data: string | Uint8Array,
  options?: WriteFileAtomicOptions,
): Promise<void> {
  const { writeFileAtomic: write } = await import('./files/write-file-atomic.ts');
  await write(path, data, options);
}

/** What a thread with the role `scm` does: it talks to the SCM (see `windows/host.ts`). */
export async function runScmThread(): Promise<void> {
  const { runScmWorker } = await import('./windows/scm-worker.ts');
  runScmWorker();
}

/** A connection to the control socket of a running service; throws CONTROL_SOCKET_FAILED when nobody listens. */
export async function connectControl(
  path: string,
  options?: { readonly timeoutMs?: number },
): Promise<ControlClient> {
  const { ControlClient: Client } = await import('./control-socket/client.ts');
  return Client.connect(path, options);
}

/** See `sockets/listening-socket.ts`; behind a function for the FFI that it loads. */
export async function openListeningSocket(options: ListeningSocketOptions): Promise<ListeningSocket> {
  const { openListeningSocket: open } = await import('./sockets/listening-socket.ts');
  return open(options);
}

/** Undefined where sockets can be passed to programs, else why not. */
export async function whyNoListeningSockets(): Promise<string | undefined> {
  const { whyNoListeningSockets: why } = await import('./sockets/listening-socket.ts');
  return why();
}

/** What holds trees of processes together on this machine; see `containment/index.ts`. Ends what an earlier one left. */
export async function createContainment(options: ContainmentOptions): Promise<Containment> {
  const { createContainment: create } = await import('./containment/index.ts');
  return await create(options);
}

/** How running programs are reached on Windows: console events, windows, handles. */
export async function loadRunningPrograms(): Promise<typeof RunningPrograms> {
  return await import('./windows/running-programs.ts');
}

/**
 * What an executable does in place of everything else when its first argument is `programHelperFlag`; `args` are those
 * after it (see `windows/reach-program.ts`).
 */
export async function runProgramHelper(args: readonly string[]): Promise<void> {
  const { runHelper } = await import('./windows/program-helper.ts');
  runHelper(args);
}

/** Windows' own; see `windows/private-directory.ts`. */
export async function makePrivateDirectory(path: string): Promise<void> {
  const { makePrivateDirectory: make } = await import('./windows/private-directory.ts');
  make(path);
}

/** Who may open a named pipe on Windows; see `windows/pipe-security.ts`. */
export async function loadPipeSecurity(): Promise<typeof PipeSecurity> {
  return await import('./windows/pipe-security.ts');
}

/** See `memory/release-program-pages.ts`; behind a function for the FFI that it loads. */
export async function releaseProgramPages(): Promise<void> {
  const { releaseProgramPages: release } = await import('./memory/release-program-pages.ts');
  release();
}

/** See `memory/release-free-memory.ts`; behind a function for the FFI that it loads. */
export async function releaseFreeMemory(): Promise<void> {
  const { releaseFreeMemory: release } = await import('./memory/release-free-memory.ts');
  release();
}
