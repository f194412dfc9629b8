import { it } from 'node:test';
import { join } from 'node:path';
import { bootWithCheckout, runInside } from './run-inside.ts';

it('programs of the agent are units of systemd, and outlive it', async () => {
  await using machine = await bootWithCheckout();
  await runInside(machine, join(import.meta.dirname, 'inside', 'native-runner.ts'));
});
