import { connect } from 'node:net';

import type { Clock } from '@mainstay/core';

import { describeProbeError, type Begin } from './probing.ts';

/** Somebody accepts; nothing is sent. */
export function probeTcp(target: { readonly host: string; readonly port: number }, clock: Clock): Begin {
  return (done) => {
    const startedAt = clock.monotonic();
    const socket = connect({ host: target.host, port: target.port });
    socket.on('error', (error) => done(false, describeProbeError(error)));
    socket.once('connect', () => done(true, `connected in ${Math.round(clock.monotonic() - startedAt)} ms`));
    return () => socket.destroy();
  };
}
