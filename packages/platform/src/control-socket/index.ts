export { ControlClient } from './client.ts';
export { controlSocketName, type ControlHealth } from './protocol.ts';
export { sendControl } from './send-control.ts';
export { openControlServer, type ControlServer, type ControlServerOptions } from './server.ts';
