import type { EndedRunView, LogLine as StoredLine } from '@mainstay/supervisor';

import type { InstanceRow } from '../services/instance-row.ts';
import type { LogLine } from '../services/log-line.ts';

/** How `up` shows what happens; one implementation for each kind of reader. */
export interface Presenter {
  /** Something of an instance's view has changed. */
  changed(row: InstanceRow): void;
  /** A run has ended as it should; one that has not is a problem. */
  ended(row: InstanceRow, end: EndedRunView): void;
  line(label: string, line: LogLine, stored: StoredLine): void;
  url(label: string, url: string): void;
  /** Something that a person has to know of a service: why it restarts or will not. */
  problem(label: string, message: string): void;
  notice(message: string): void;
  /** Leaves the terminal as it was; nothing is shown after it, and a second call does nothing. */
  close(exitCode: number): void;
}
