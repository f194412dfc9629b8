// A program of the agent's tests that knows nothing of Mainstay: node plain.cjs FOLDER. Its first run fails; the next
// one writes many lines, starts a grandchild, and lives until Ctrl-C.
const { spawn } = require('node:child_process');
const { writeFileSync } = require('node:fs');
const { join } = require('node:path');

const [folder] = process.argv.slice(2);
const lines = 20_000;
const say = (text) => process.stdout.write(`${text}\n`);

if (process.env.MAINSTAY_RUN === '1') {
  say('run 1 has bad luck');
  process.exitCode = 3;
} else {
  process.on('SIGINT', () => {
    say('heard SIGINT');
    process.exit(0);
  });
  const text = Array.from({ length: lines }, (_, number) => `line ${number} of ${lines}\n`).join('');
  process.stdout.write(text, () => {
    const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1e6)'], {
      stdio: 'ignore',
      detached: true,
    });
    writeFileSync(
      join(folder, `plain-${process.env.MAINSTAY_RUN}.json`),
      JSON.stringify([process.pid, child.pid]),
    );
    say('ready');
  });
  setInterval(() => {}, 1e6);
}
