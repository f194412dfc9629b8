import { it } from 'node:test';
import { join } from 'node:path';
import { bootWithCheckout, runInside } from './run-inside.ts';

it('a service under systemd behaves as under every other host', async () => {
  await using machine = await bootWithCheckout();
  await runInside(machine, join(import.meta.dirname, 'inside', 'conformance.ts'));
});
