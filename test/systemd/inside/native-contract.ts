// Run in the machine by native-runner.test.ts: what every runner does alike, on a real systemd.
import { createManager } from '@mainstay/platform';
import { nativeHarness } from '../../../packages/supervisor/test/native-runner/native-harness.ts';
import { runnerContract } from '../../../packages/supervisor/test/runner/runner-contract.ts';

/** As root the machine's services, as anybody else that user's. */
const scope = process.getuid?.() === 0 ? 'system' : 'user';

runnerContract(
  nativeHarness({
    title: `native runner on systemd, ${scope} scope`,
    openManager: async () => ({ manager: await createManager({ scope }), close: async () => {} }),
  }),
);
