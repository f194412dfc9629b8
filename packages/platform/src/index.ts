// What is here is small: everything that belongs to one operating system is loaded by the function that needs it.
export { createHost, type HostOptions } from './host.ts';
export { createManager, type ManagerOptions } from './manager.ts';
export { platformErrors } from './errors.ts';
export { writeFileAtomic } from './files/write-file-atomic.ts';
export { probeFfi } from './probe-ffi.ts';
export { detectHost, type HostFacts } from './process/detect-host.ts';
export { identify, isAlive, type ProcessIdentity, type ProcessTable } from './process/identity.ts';
export { createSelfWorker, type SelfWorkerOptions, type SelfWorkerRole } from './process/self-worker.ts';
