import type { CommandRunner } from '../command/run-command.ts';
import { platformErrors } from '../errors.ts';

/** Ids of role accounts (sysadminctl(8): 200–400). */
const firstId = 200;
const lastId = 400;

/** True when the directory service knows the user (id(1)). */
export async function accountExists(name: string, run: CommandRunner): Promise<boolean> {
  return (await run('id', ['-u', name])).code === 0;
}

/** Makes an account without a password, a shell and a home, and a group of its own, by dscl(1). */
export async function createRoleAccount(name: string, run: CommandRunner): Promise<void> {
  const dscl = async (...args: string[]): Promise<string> => {
    const result = await run('dscl', ['.', ...args]);
    if (result.code === 0) return result.stdout;
    throw platformErrors.error(
      'MANAGER_COMMAND_FAILED',
      `\`dscl . ${args.join(' ')}\` failed: ${result.stderr.trim()}`,
    );
  };
  const taken = new Set(
    [await dscl('-list', '/Users', 'UniqueID'), await dscl('-list', '/Groups', 'PrimaryGroupID')]
      .flatMap((list) => list.split('\n'))
      .map((line) => Number(/\s(-?\d+)$/.exec(line)?.[1])),
  );
  let id = firstId;
  while (taken.has(id)) id += 1;
  if (id > lastId) {
    throw platformErrors.error(
      'MANAGER_COMMAND_FAILED',
      `There is no free id for account ${name} between ${firstId} and ${lastId}; name an existing account instead`,
    );
  }
  await dscl('-create', `/Groups/${name}`);
  await dscl('-create', `/Groups/${name}`, 'PrimaryGroupID', String(id));
  await dscl('-create', `/Users/${name}`);
  const attributes = {
    UniqueID: String(id),
    PrimaryGroupID: String(id),
    UserShell: '/usr/bin/false',
    NFSHomeDirectory: '/var/empty',
    RealName: name,
    Password: '*',
    IsHidden: '1',
  };
  for (const [key, value] of Object.entries(attributes)) await dscl('-create', `/Users/${name}`, key, value);
}
