import { defineErrors } from '@mainstay/core';

export const instanceErrors = defineErrors('instance', {
  INSTANCE_START_FAILED: {
    kind: 'environment',
    summary: 'One of the instances of a service did not start',
    action: 'See its lines in the log',
  },
  INSTANCE_CRASH_LOOP: {
    kind: 'environment',
    summary: 'The instances of a service crashed too often in a short time',
    action: 'See their last lines in the log; the operating system restarts the service as a whole',
  },
  INSTANCE_CONTROL_REFUSED: {
    kind: 'environment',
    summary: 'An instance did not do what the service was told',
    action: 'See its lines in the log',
  },
});
