import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import type { ServiceScope } from '@mainstay/core';

import { checkJob } from '../../../platform/src/launchd/job-keys.ts';
import { renderJob } from '../../../platform/src/launchd/job.ts';
import { renderUnit } from '../../../platform/src/systemd/unit.ts';
import { agentSpec } from '../../src/install/agent-spec.ts';

const directories = { state: '/s/mainstay', runtime: '/r/mainstay', logs: '/l/mainstay' };
const directoriesFor = (name: string) => ({ state: `/s/${name}`, logs: `/l/${name}`, config: `/c/${name}` });

describe('the agent as a service', () => {
  for (const scope of ['system', 'user'] satisfies ServiceScope[]) {
    it(`is a job of launchd with the keys and types of launchd.plist(5): ${scope}`, () => {
      const spec = agentSpec({ kind: 'launchd', scope, directoriesFor }, '/opt/mainstay-agent', directories);
      assert.deepEqual(checkJob(renderJob(spec)), []);
    });

    it(`is a unit that waits for its guardian and kills nothing itself: ${scope}`, () => {
      const spec = agentSpec({ kind: 'systemd', scope, directoriesFor }, '/opt/mainstay-agent', directories);
      const unit = renderUnit(spec);
      assert.match(unit, /^KillMode=process$/m);
      assert.match(unit, /^ExecStopPost=\/bin\/sh -c .*mainstay-guardian.* \/r\/mainstay\/guardian\.pid$/m);
      assert.match(unit, /^Delegate=yes$/m);
    });
  }
});
