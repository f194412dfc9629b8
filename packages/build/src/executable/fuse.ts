import { buildErrors } from '../errors.ts';

/**
 * Node looks for an embedded program only when this marker in its binary ends in `:1` (postject's sentinel fuse;
 * src/node_sea.cc).
 */
const fuse = Buffer.from('NODE_SEA_FUSE_fce680ab2cc467b6e072b8b5df1996b2:0', 'latin1');

/**
 * Switches the fuse in place.
 *
 * @throws AppError BUILD_UNEXPECTED_RUNTIME when the binary does not have exactly one fuse, unset
 */
export function setFuse(binary: Buffer): void {
  const at = binary.indexOf(fuse);
  if (at === -1 || binary.indexOf(fuse, at + 1) !== -1) {
    throw buildErrors.error(
      'BUILD_UNEXPECTED_RUNTIME',
      'The runtime has no single unset SEA fuse; it cannot carry a program',
    );
  }
  binary[at + fuse.length - 1] = 0x31;
}
