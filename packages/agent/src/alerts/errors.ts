import { defineErrors } from '@mainstay/core';

/** Why an alert did not arrive. */
export const alertErrors = defineErrors('alert', {
  ALERT_REFUSED: {
    kind: 'environment',
    summary: 'The target of an alert answered that it does not take it',
    action: 'Correct the address, the headers or the password of the target, and try it with a test alert',
  },
  ALERT_COMMAND_FAILED: {
    kind: 'environment',
    summary: 'The command that an alert was given to has failed',
    action: 'Run the command by hand with the alert on standard input; its last words are in the message',
  },
});
