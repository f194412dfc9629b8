import { defineErrors } from '@mainstay/core';

/** What the native runner finds in the way, before a service manager is asked. */
export const nativeErrors = defineErrors('native-runner', {
  NATIVE_NO_HOST: {
    kind: 'operator',
    summary: 'Windows runs as a service only what speaks to its service control manager',
    action: 'Install the agent, which hosts other programs, or use `runner: process`',
  },
});
