import { boundOnce, systemLibrary } from './libraries.ts';

/**
 * Makes this process, and so everything that it starts from now on, hear Ctrl-C: a process of a new process group is
 * born deaf to it, and hands that on to its children (MSDN: SetConsoleCtrlHandler, CREATE_NEW_PROCESS_GROUP).
 */
export function hearCtrlC(): void {
  setConsoleCtrlHandler()(null, false);
}

const setConsoleCtrlHandler = boundOnce(
  () =>
    systemLibrary('kernel32').func('bool __stdcall SetConsoleCtrlHandler(void *handler, bool add)') as (
      handler: null,
      add: boolean,
    ) => boolean,
);
