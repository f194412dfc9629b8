import { createReadStream } from 'node:fs';
import { pipeline, type Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';

/** What is in a compressed file, which is closed at the end. An error of either is an error of what is returned. */
export function gunzipped(fd: number): Readable {
  const gunzip = createGunzip({ chunkSize: 256 * 1024 });
  pipeline(createReadStream('', { fd, autoClose: true }), gunzip, () => {
    // The reader gets the error from the stream itself.
  });
  return gunzip;
}
