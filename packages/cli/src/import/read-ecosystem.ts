import { execFile } from 'node:child_process';
import { dirname } from 'node:path';

/** An ecosystem file is a program; it gets this long, in ms, and this much to say, in bytes. */
const timeLimitMs = 10_000;
const outputLimit = 16 * 1024 ** 2;

/** Prints what the module exports, marked, since the module may print too. */
const script = `
const { pathToFileURL } = require('node:url');
const [file, mark] = process.argv.slice(1);
const load = file.endsWith('.json') ? async () => JSON.parse(require('node:fs').readFileSync(file, 'utf8')) : async () => {
  const loaded = await import(pathToFileURL(file).href);
  return 'default' in loaded ? loaded.default : loaded;
};
load().then(
  (value) => process.stdout.write('\\n' + mark + JSON.stringify(typeof value === 'function' ? value() : value) + '\\n', () => process.exit(0)),
  (error) => process.stderr.write(mark + (error?.message ?? String(error)), () => process.exit(1)),
);`;

/** Evaluates pm2's ecosystem file in a process of its own. Rejects with the reason for people. */
export async function readEcosystem(file: string): Promise<unknown> {
  const mark = `mainstay-${process.pid}-${Date.now()}:`;
  return new Promise((done, rejected) => {
    execFile(
      process.execPath,
      ['--no-warnings', '-e', script, file, mark],
      { cwd: dirname(file), timeout: timeLimitMs, killSignal: 'SIGKILL', maxBuffer: outputLimit },
      (error, stdout, stderr) => {
        const line = stdout.split('\n').findLast((one) => one.startsWith(mark));
        if (!error && line !== undefined) return done(JSON.parse(line.slice(mark.length)));
        const told = stderr.split(mark)[1];
        const why = error?.killed
          ? `It did not end within ${timeLimitMs / 1000} s`
          : (told ?? error?.message);
        rejected(new Error(why ?? 'It exports nothing'));
      },
    );
  });
}
