import type { LogFields, Logger, LogMethod } from '@mainstay/core';

import type { Presenter } from './presenter.ts';

/** What the agent itself has to say; its warnings are a person's business, the rest is shown by the services' state. */
export function noticeLog(presenter: Presenter): Logger {
  const told: LogMethod = (first: LogFields | string, message?: string) => {
    const text = typeof first === 'string' ? first : `${message}${reasonIn(first)}`;
    presenter.notice(text);
  };
  const quiet: LogMethod = () => {};
  const logger: Logger = {
    trace: quiet,
    debug: quiet,
    info: quiet,
    warn: told,
    error: told,
    fatal: told,
    child: () => logger,
  };
  return logger;
}

function reasonIn({ error, service }: LogFields): string {
  const parts = [service, error instanceof Error ? error.message : error].filter(
    (part) => typeof part === 'string',
  );
  return parts.length === 0 ? '' : `: ${parts.join(': ')}`;
}
