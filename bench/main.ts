import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import process from 'node:process';

/** Each bench is a folder with a `main.ts` that exports `run(args)`. */
const benches: Readonly<
  Record<string, { summary: string; load: () => Promise<{ run(args: string[]): Promise<void> }> }>
> = {
  start: {
    summary:
      'time from exec to ready, memory, size, requests/s and p99 of orders-api beside Go, plain Node and Bun',
    load: () => import('./start/main.ts'),
  },
  supervisor: {
    summary: 'the agent beside pm2, supervisord and systemd: memory, restarts, starts, output, reloads',
    load: () => import('./supervisor/main.ts'),
  },
};

const [name, ...args] = process.argv.slice(2);
const bench = name === undefined ? undefined : benches[name];
if (!bench) {
  const list = Object.entries(benches).map(([key, { summary }]) => `  ${key.padEnd(11)} ${summary}`);
  process.stderr.write(
    `Usage: npm run bench -- NAME [options]\n\n${list.join('\n')}\n\nExample: npm run bench -- start --runs 20\n`,
  );
  process.exitCode = name === undefined || name === '--help' ? 0 : 2;
} else {
  // The peers are not for a newcomer's `npm ci`: they are installed by the first bench that needs them.
  if (!existsSync(new URL('node_modules', import.meta.url))) {
    const installed = spawnSync('npm', ['ci'], { cwd: new URL('.', import.meta.url), stdio: 'inherit' });
    if (installed.status !== 0) process.exit(1);
  }
  await (await bench.load()).run(args);
}
