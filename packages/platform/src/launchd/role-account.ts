import type { CommandRunner } from '../command/run-command.ts';
import { platformErrors } from '../errors.ts';

/** Ids of role accounts (sysadminctl(8): 200–400). */
const firstId = 200;
const lastId = 400;

/** Attribute of the account's record that tells ours from another's of the same name. */
const commentFor = (service: string): string => `Account of ${service}, made by its install`;

/** True when the directory service knows the user (id(1)). */
export async function accountExists(name: string, run: CommandRunner): Promise<boolean> {
  return (await run('id', ['-u', name])).code === 0;
}

/** True when the account is there and was made for this service. */
export async function isRoleAccountOf(service: string, name: string, run: CommandRunner): Promise<boolean> {
  if (!(await accountExists(name, run))) return false;
  const { code, stdout } = await run('dscl', ['.', '-read', `/Users/${name}`, 'Comment']);
  // A value with spaces stands on a line of its own (dscl(1)).
  return code === 0 && /^Comment:\s+(.*)$/m.exec(stdout)?.[1]?.trim() === commentFor(service);
}

/** Removes what `createRoleAccount` made, the group too. */
export async function deleteRoleAccount(name: string, run: CommandRunner): Promise<void> {
  const dscl = dsclOf(run);
  await dscl('-delete', `/Users/${name}`);
  await dscl('-delete', `/Groups/${name}`);
}

/** Makes an account without a password, a shell and a home, and a group of its own, by dscl(1). */
export async function createRoleAccount(service: string, name: string, run: CommandRunner): Promise<void> {
  const dscl = dsclOf(run);
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
    Comment: commentFor(service),
    Password: '*',
    IsHidden: '1',
  };
  for (const [key, value] of Object.entries(attributes)) await dscl('-create', `/Users/${name}`, key, value);
}

function dsclOf(run: CommandRunner): (...args: string[]) => Promise<string> {
  return async (...args) => {
    const result = await run('dscl', ['.', ...args]);
    if (result.code === 0) return result.stdout;
    throw platformErrors.error(
      'MANAGER_COMMAND_FAILED',
      `\`dscl . ${args.join(' ')}\` failed: ${result.stderr.trim()}`,
    );
  };
}
