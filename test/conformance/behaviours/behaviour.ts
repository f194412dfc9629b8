import assert from 'node:assert/strict';
import type { Control, ControlAnswer, ServiceState } from '@mainstay/core';
import type { JournalEntry } from '../behaviour-plan.ts';
import type {
  Capability,
  FixtureRun,
  FixtureWorkspace,
  HostHarness,
  PlanOptions,
  ProcessExit,
} from '../harness.ts';
import { eventually } from '../workspace.ts';

/** One thing that holds under every host which can show it. */
export interface Behaviour {
  readonly name: string;
  /** What the host has to be able to do; without it the behaviour is skipped there. */
  readonly needs: readonly Capability[];
  readonly plan: PlanOptions;
  verify(hosted: HostedRun): Promise<void>;
}

/** A run with the questions that behaviours ask of it. */
export class HostedRun {
  readonly harness: HostHarness;
  readonly workspace: FixtureWorkspace;
  run: FixtureRun;

  constructor(harness: HostHarness, workspace: FixtureWorkspace, run: FixtureRun) {
    this.harness = harness;
    this.workspace = workspace;
    this.run = run;
  }

  control(control: Control): Promise<ControlAnswer | undefined> {
    return this.run.control(control);
  }

  /** Asserts the answer where the host gives one. */
  async expectAnswer(control: Control, expected: ControlAnswer): Promise<void> {
    const answer = await this.run.control(control);
    if (this.harness.can.has('answers')) assert.equal(answer, expected);
  }

  stop(): Promise<ControlAnswer | undefined> {
    return this.run.control({ type: 'stop', reason: 'stop' });
  }

  async state(wanted: ServiceState): Promise<void> {
    await eventually(`state ${wanted}`, async () => {
      const seen = await this.run.observe();
      return seen.state === wanted ? seen : undefined;
    });
  }

  /** Waits for the end, and asserts the exit code where the host knows it. */
  async exits(code: number): Promise<ProcessExit> {
    const exit = await this.run.exited();
    if (this.harness.can.has('exit-code')) {
      assert.deepEqual(
        exit,
        { code, signal: undefined },
        `${await this.run.output()}\n${this.events().join(' ')}`,
      );
    }
    return exit;
  }

  /** Names of what happened, in order. */
  events(): readonly string[] {
    return this.workspace.journal().map((entry) => entry.event);
  }

  count(event: string): number {
    return this.events().filter((each) => each === event).length;
  }

  journaled(event: string): Promise<JournalEntry> {
    return this.workspace.journaled(event);
  }

  /** Asserts that these happened, in this order; others may lie between. */
  expectOrder(...wanted: readonly string[]): void {
    const events = this.events();
    let from = 0;
    for (const event of wanted) {
      const at = events.indexOf(event, from);
      assert.notEqual(
        at,
        -1,
        `"${event}" is missing, or not in the order ${wanted.join(' ')}: ${events.join(' ')}`,
      );
      from = at + 1;
    }
  }

  /** Runs the same fixture once more, with the same workspace. */
  async again(): Promise<void> {
    await this.harness.cleanUp(this.run);
    this.run = await this.harness.start(this.workspace);
  }
}
