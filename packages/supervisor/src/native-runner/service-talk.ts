import {
  acceptsNothing,
  isAppError,
  type Control,
  type ControlAnswer,
  type LifecycleStatus,
  type ServiceInfo,
  type ServiceManager,
  type ServiceState,
} from '@mainstay/core';
import { connectControl, type ControlClient } from '@mainstay/platform';

import type { HealthProbe, ReclaimRequest, RunEvents } from '../runner/types.ts';

/** How long a Mainstay service may take to say its status, or to answer to a control, in ms. */
const answerMs = 5_000;

/** Asks a Mainstay service that is no child of ours; undefined when it cannot be asked. */
export interface ServiceTalk {
  status(): Promise<LifecycleStatus | undefined>;
  control(control: Control): Promise<ControlAnswer | undefined>;
  probe(timeoutMs: number): Promise<HealthProbe | undefined>;
  reclaim(request: ReclaimRequest): Promise<boolean | undefined>;
}

/** Over the control socket where the manager has one, else through the manager itself. */
export function talkTo(name: string, manager: ServiceManager): ServiceTalk {
  const path = manager.controlSocket?.(name);
  return path === undefined ? new ManagerTalk(name, manager) : new SocketTalk(path);
}

class SocketTalk implements ServiceTalk {
  readonly #path: string;

  constructor(path: string) {
    this.#path = path;
  }

  status(): Promise<LifecycleStatus | undefined> {
    return this.#ask(answerMs, (client) => client.status());
  }

  control(control: Control): Promise<ControlAnswer | undefined> {
    return this.#ask(answerMs, async (client) => (await client.control(control)).answer);
  }

  probe(timeoutMs: number): Promise<HealthProbe | undefined> {
    return this.#ask(timeoutMs, (client) => client.probe());
  }

  reclaim(request: ReclaimRequest): Promise<boolean | undefined> {
    return this.#ask(answerMs, (client) => client.reclaim(request));
  }

  /** One connection a question: a service that hangs holds nothing of ours. */
  async #ask<Answer>(
    timeoutMs: number,
    question: (client: ControlClient) => Promise<Answer>,
  ): Promise<Answer | undefined> {
    try {
      const client = await connectControl(this.#path, { timeoutMs });
      try {
        return await question(client);
      } finally {
        client.close();
      }
    } catch {
      return undefined;
    }
  }
}

/** The SCM passes controls on, and nothing else. */
class ManagerTalk implements ServiceTalk {
  readonly #name: string;
  readonly #manager: ServiceManager;

  constructor(name: string, manager: ServiceManager) {
    this.#name = name;
    this.#manager = manager;
  }

  async status(): Promise<undefined> {
    return undefined;
  }

  async control(control: Control): Promise<ControlAnswer | undefined> {
    try {
      if (control.type === 'custom') await this.#manager.sendCustomControl(this.#name, control.code);
      else if (control.type === 'pause' || control.type === 'continue' || control.type === 'reload')
        await this.#manager.act(this.#name, control.type, { timeoutMs: answerMs });
      else return undefined;
      return 'accepted';
    } catch (error) {
      if (!isAppError(error)) return undefined;
      return { MANAGER_CONTROL_REFUSED: 'unsupported', MANAGER_TIMEOUT: 'accepted' }[error.code] as
        | ControlAnswer
        | undefined;
    }
  }

  async probe(): Promise<undefined> {
    return undefined;
  }

  async reclaim(): Promise<undefined> {
    return undefined;
  }
}

/** Tells of a service's status when the manager sees it change. */
export class StatusReporter {
  readonly #events: RunEvents;
  readonly #talk: ServiceTalk | undefined;
  #last = '';

  constructor(events: RunEvents, talk: ServiceTalk | undefined) {
    this.#events = events;
    this.#talk = talk;
  }

  async see({ state, text }: ServiceInfo): Promise<void> {
    if (!isServiceState(state)) return;
    const seen = JSON.stringify([state, text]);
    if (seen === this.#last) return;
    this.#last = seen;
    // What it accepts, only the service itself can say; one that is starting is not listening yet.
    const own = state === 'running' || state === 'paused' ? await this.#talk?.status() : undefined;
    if (this.#last === seen) this.#events.onStatus(own ?? statusOf(state, text));
  }
}

function isServiceState(state: ServiceInfo['state']): state is ServiceState {
  return state !== 'not-installed' && state !== 'failed';
}

function statusOf(state: ServiceState, text: string): LifecycleStatus {
  return { state, text, accepts: acceptsNothing, checkpoint: 0, waitHintMs: 0, reloading: false };
}
