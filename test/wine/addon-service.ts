import { defineService } from '@mainstay/service';
import { crc32 } from '@node-rs/crc32';

/** Says what a native addon computes, and ends. */
export default defineService({
  name: 'addon',
  start(ctx) {
    ctx.log.info({ crc: crc32('123456789') }, 'Checksum');
    setTimeout(() => ctx.requestStop(), 10);
    return { stop() {} };
  },
});
