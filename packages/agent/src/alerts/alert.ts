import type { AlertKind } from '@mainstay/supervisor';

/** One message to people. Its JSON is what webhooks and commands get, so its fields are documented and only added to. */
export interface Alert {
  readonly version: 1;
  /**
   * `firing`: something is wrong, or still is. `resolved`: it is not any more. `summary`: messages were held back, and
   * this one stands for them. `test`: somebody tries whether alerts arrive.
   */
  readonly status: 'firing' | 'resolved' | 'summary' | 'test';
  readonly kind: AlertKind;
  /** The same for all messages about one thing. */
  readonly key: string;
  readonly service: string | undefined;
  readonly instance: number | undefined;
  /** One line. */
  readonly title: string;
  /** What is known of it. */
  readonly message: string;
  /** When it began; ISO 8601. */
  readonly since: string;
  /** When this was said; ISO 8601. */
  readonly at: string;
  /** Name of the machine. */
  readonly host: string;
  /** How often this has been said, from 1. */
  readonly count: number;
}

/** Something that is wrong for a time. */
export interface Condition {
  readonly key: string;
  readonly kind: AlertKind;
  readonly service: string | undefined;
  readonly instance: number | undefined;
  readonly title: string;
  /** One line: the title of the message that it is over. */
  readonly resolvedTitle: string;
  readonly message: string;
}
