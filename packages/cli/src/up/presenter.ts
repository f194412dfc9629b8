import type { EndedRun, OutputStream, ServiceView } from '@mainstay/supervisor';

import type { LogLine } from '../services/log-line.ts';

/** How `up` shows what happens; one implementation for each kind of reader. */
export interface Presenter {
  /** Something of a service's view has changed. */
  changed(view: ServiceView): void;
  /** A run has ended as it should; one that has not is a problem. */
  ended(view: ServiceView, end: EndedRun): void;
  line(view: ServiceView, line: LogLine, raw: string, stream: OutputStream): void;
  url(service: string, url: string): void;
  /** Something that a person has to know of a service: why it restarts or will not. */
  problem(service: string, message: string): void;
  notice(message: string): void;
  /** The last call; leaves the terminal as it was. */
  close(exitCode: number): void;
}
