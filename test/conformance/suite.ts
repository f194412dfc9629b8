import { after, describe, it } from 'node:test';
import { HostedRun } from './behaviours/behaviour.ts';
import { behaviours } from './behaviours.ts';
import type { HostHarness } from './harness.ts';
import { createWorkspace, patienceMs } from './workspace.ts';

/** Runs every behaviour against a host; what the host cannot show is skipped by name. */
export function testConformance(create: () => Promise<HostHarness>): void {
  let harness: Promise<HostHarness> | undefined;
  const shared = (): Promise<HostHarness> => (harness ??= create());

  describe('lifecycle', { timeout: behaviours.length * patienceMs }, () => {
    after(async () => {
      if (harness) await (await harness).close();
    });

    for (const behaviour of behaviours) {
      it(behaviour.name, async (t) => {
        const host = await shared();
        const missing = behaviour.needs.filter((need) => !host.can.has(need));
        if (missing.length > 0) return t.skip(`${host.kind} cannot: ${missing.join(', ')}`);
        const workspace = createWorkspace(behaviour.plan);
        let hosted: HostedRun | undefined;
        try {
          hosted = new HostedRun(host, workspace, await host.start(workspace));
          await behaviour.verify(hosted);
        } finally {
          if (hosted) await host.cleanUp(hosted.run);
          workspace.remove();
        }
      });
    }
  });
}
