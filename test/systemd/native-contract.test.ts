import { it } from 'node:test';
import { join } from 'node:path';
import { bootWithCheckout, runInside, startUserManager } from './run-inside.ts';

const contract = join(import.meta.dirname, 'inside', 'native-contract.ts');

it('the native runner passes the contract of runners on systemd', async () => {
  await using machine = await bootWithCheckout();
  await runInside(machine, contract);
});

it('the native runner passes the contract of runners with the services of a user', async () => {
  await using machine = await bootWithCheckout();
  await runInside(machine, contract, await startUserManager(machine, 'alice'));
});
