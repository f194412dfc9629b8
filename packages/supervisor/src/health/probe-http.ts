import * as http from 'node:http';

import type { Clock } from '@mainstay/core';

import { describeProbeError, type Begin } from './probing.ts';

/** Of the body nothing is wanted; this much is read so that the server can end in an orderly way, in bytes. */
const maxBodyBytes = 64 * 1024;

/** One connection for each probe: a kept one would hold a server back that drains, and hide one that cannot accept. */
const agent = new http.Agent({ keepAlive: false });

/**
 * GET; 2xx and 3xx are well, redirects are not followed. The certificate of an `https:` URL is not checked, as with
 * Kubernetes' probes: the question is whether it answers.
 */
export async function probeHttp(url: string, clock: Clock): Promise<Begin> {
  const isSecure = url.startsWith('https:');
  const https = isSecure ? await import('node:https') : undefined;
  return (done) => {
    const startedAt = clock.monotonic();
    const options: http.RequestOptions = {
      method: 'GET',
      headers: { 'user-agent': 'mainstay-probe', accept: '*/*', connection: 'close' },
    };
    const receive = (response: http.IncomingMessage): void => {
      const status = response.statusCode ?? 0;
      const finish = (): void => {
        const ms = Math.round(clock.monotonic() - startedAt);
        done(status >= 200 && status < 400, `${status} in ${ms} ms`);
      };
      let bytes = 0;
      response.on('data', (chunk: Buffer) => {
        bytes += chunk.length;
        if (bytes >= maxBodyBytes) finish();
      });
      response.once('end', finish);
      response.once('error', (error) => done(false, describeProbeError(error)));
      response.once('aborted', () => done(false, 'connection reset'));
    };
    const request = https
      ? https.request(url, { ...options, agent: false, rejectUnauthorized: false }, receive)
      : http.request(url, { ...options, agent }, receive);
    // It stays for the whole life of the request: destroying it makes one as well.
    request.on('error', (error) => done(false, describeProbeError(error)));
    request.end();
    return () => request.destroy();
  };
}
