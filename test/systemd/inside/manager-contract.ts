// Run in the machine by manager.test.ts.
import { execFileSync } from 'node:child_process';
import { createManager } from '@mainstay/platform';
import { managerContract } from '../../../packages/platform/test/manager-contract.ts';
import { editUnit, fixtureSpec, removePlans } from './services.ts';

managerContract('systemd', async () => {
  const manager = await createManager({ scope: 'system' });
  const plan = { pause: [], resume: [], reload: [], custom: { '200': [] } };
  return {
    manager,
    spec: (change) => fixtureSpec(manager, change.name, plan, change),
    failingSpec: (name) => fixtureSpec(manager, name, { start: [{ fail: 'On purpose' }] }),
    async drift(name) {
      editUnit(name, '[Service]\nNice=5');
      execFileSync('systemctl', ['daemon-reload']);
    },
    logLine: 'Service is up',
    supports: { pause: true, reload: true, customControl: 200, directories: true },
    dispose: async () => removePlans(),
  };
});
