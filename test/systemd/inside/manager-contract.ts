// Run in the machine by manager.test.ts.
import { execFileSync } from 'node:child_process';
import { createManager } from '@mainstay/platform';
import { managerContract } from '../../../packages/platform/test/manager-contract.ts';
import { editUnit, fixtureSpec, removePlans } from './services.ts';

/** As root the machine's services, as anybody else that user's. */
const scope = process.getuid?.() === 0 ? 'system' : 'user';

managerContract(`systemd, ${scope} scope`, async () => {
  const manager = await createManager({ scope });
  const plan = { pause: [], resume: [], reload: [], custom: { '200': [] } };
  return {
    manager,
    spec: (change) => fixtureSpec(manager, change.name, plan, change),
    failingSpec: (name) => fixtureSpec(manager, name, { start: [{ fail: 'On purpose' }] }),
    async drift(name) {
      editUnit((await manager.query(name)).definition, '[Service]\nNice=5');
      execFileSync('systemctl', [`--${scope}`, 'daemon-reload']);
    },
    // A machine without persistent journal keeps no journals of users apart.
    ...(scope === 'system' && { logLine: 'Service is up' }),
    supports: { pause: true, reload: true, customControl: 200, directories: true },
    dispose: async () => removePlans(),
  };
});
