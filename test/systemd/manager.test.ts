import { after, before, describe, it } from 'node:test';
import { join } from 'node:path';
import type { SystemdMachine } from './systemd.ts';
import { bootWithCheckout, runInside, startUserManager } from './run-inside.ts';

describe('systemd manager in a machine of its own', () => {
  let machine: SystemdMachine;
  before(async () => {
    machine = await bootWithCheckout();
  });
  after(async () => {
    await machine?.[Symbol.asyncDispose]();
  });

  it('passes the contract of service managers', async () => {
    await runInside(machine, join(import.meta.dirname, 'inside', 'manager-contract.ts'));
  });

  it('passes the contract for the services of a user', async () => {
    const asAlice = await startUserManager(machine, 'alice');
    await runInside(machine, join(import.meta.dirname, 'inside', 'manager-contract.ts'), asAlice);
  });

  it('writes units that systemd reads as they were meant', async () => {
    await runInside(machine, join(import.meta.dirname, 'inside', 'quoting.ts'));
  });

  it('has one program twice, under two names', async () => {
    await runInside(machine, join(import.meta.dirname, 'inside', 'two-names.ts'));
  });

  it('keeps a service through everything that happens to one', async () => {
    await runInside(machine, join(import.meta.dirname, 'inside', 'installed-service.ts'));
  });
});
