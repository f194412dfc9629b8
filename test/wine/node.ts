import { windowsNodeFolder } from '../../scripts/setup/windows-node.ts';

/** Path of the pinned Node's `node.exe`. @throws Error when it is not set up. */
export async function windowsNode(): Promise<string> {
  const folder = await windowsNodeFolder();
  if (await folder.isComplete()) return folder.node;
  throw new Error('No Windows Node to run: run "npm test -- --suite wine", which fetches it');
}
