import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import process from 'node:process';

export interface LoadResult {
  readonly requestsPerSecond: number;
  readonly p99Ms: number;
  readonly errors: number;
}

const orderBody = '{"customer":"Ada","lines":[{"sku":"anchor","quantity":2}]}';

/** wrk from Debian; the reason why there is none, otherwise. */
export function findWrk(): { readonly ok: true } | { readonly ok: false; readonly reason: string } {
  const present = (): boolean => spawnSync('wrk', ['--version'], { stdio: 'ignore' }).error === undefined;
  if (present()) return { ok: true };
  if (process.getuid?.() === 0 && spawnSync('apt-get', ['--version'], { stdio: 'ignore' }).status === 0) {
    spawnSync('apt-get', ['update', '-qq'], { stdio: 'ignore' });
    spawnSync('apt-get', ['install', '-y', '-qq', 'wrk'], { stdio: 'ignore' });
    if (present()) return { ok: true };
  }
  return { ok: false, reason: 'wrk is not installed (Debian: apt-get install wrk)' };
}

/** One connection load of `seconds` from the given processor. Throws when wrk reports nothing. */
export function load(
  url: string,
  options: { method: 'GET' | 'POST'; seconds: number; cpu: number },
): LoadResult {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'bench-wrk-'));
  try {
    const script = path.join(folder, 'load.lua');
    writeFileSync(
      script,
      `${options.method === 'POST' ? `wrk.method = "POST"\nwrk.body = '${orderBody}'\nwrk.headers["content-type"] = "application/json"\n` : ''}
function done(summary, latency)
  local e = summary.errors
  io.write(string.format("RESULT %f %f %d\\n", summary.requests / (summary.duration / 1e6), latency:percentile(99) / 1000,
    e.connect + e.read + e.write + e.status + e.timeout))
end
`,
    );
    const args = [
      '-c',
      String(options.cpu),
      'wrk',
      '-t1',
      '-c64',
      `-d${options.seconds}s`,
      '-s',
      script,
      url,
    ];
    const output = execFileSync('taskset', args, { encoding: 'utf8' });
    const match = /^RESULT (\S+) (\S+) (\d+)$/m.exec(output);
    if (!match) throw new Error(`wrk said nothing of ${url}:\n${output}`);
    return { requestsPerSecond: Number(match[1]), p99Ms: Number(match[2]), errors: Number(match[3]) };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
