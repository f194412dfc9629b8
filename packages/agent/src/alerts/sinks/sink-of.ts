import type { AlertTarget } from '@mainstay/supervisor';

import { commandSink } from './command.ts';
import { smtpSink } from './smtp.ts';
import type { AlertSink } from './types.ts';
import { webhookSink } from './webhook.ts';

export function sinkOf(target: AlertTarget, environment: Readonly<Record<string, string>>): AlertSink {
  switch (target.type) {
    case 'webhook':
      return webhookSink(target);
    case 'smtp':
      return smtpSink(target);
    case 'command':
      return commandSink(target, environment);
  }
}
