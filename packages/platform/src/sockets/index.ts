export {
  openListeningSocket,
  whyNoListeningSockets,
  type ListeningSocket,
  type ListeningSocketOptions,
} from './listening-socket.ts';
export { portHolder, type PortHolder } from './port-holder.ts';
