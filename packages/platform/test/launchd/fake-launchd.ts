import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { acceptsNothing, answerControl, type LifecycleStatus, type Logger } from '@mainstay/core';
import { parse } from 'plist';
import type { CommandResult, CommandRunner } from '../../src/command/run-command.ts';
import { controlSocketName, openControlServer, type ControlServer } from '../../src/control-socket/index.ts';

interface Job {
  readonly program: string;
  readonly state: string;
  readonly output: string;
  pid: number | undefined;
  exitCode: number | undefined;
  runs: number;
  control: ControlServer | undefined;
}

const done = (stdout = ''): CommandResult => ({ code: 0, signal: undefined, stdout, stderr: '' });
const failed = (code: number, stderr: string): CommandResult => ({
  code,
  signal: undefined,
  stdout: '',
  stderr,
});
const silent: Logger = {
  trace() {},
  debug() {},
  info() {},
  warn() {},
  error() {},
  fatal() {},
  child: () => silent,
};

/**
 * Answers as launchctl does on macOS 14, as far as its manual page and published outputs of `launchctl print` say; never
 * compared with the real one. A program that is called `…/fails` ends with 1 at once.
 */
export class FakeLaunchd {
  /** Command lines, in order. */
  readonly commands: string[] = [];
  readonly #jobs = new Map<string, Job>();
  readonly #disabled = new Set<string>();
  /** Comment by name. */
  readonly users = new Map<string, string>();
  #nextPid = 500;

  readonly run: CommandRunner = async (file, args) => {
    this.commands.push([file, ...args].join(' '));
    if (file === 'id')
      return this.users.has(args[1] ?? '') ? done('200\n') : failed(1, `id: ${args[1]}: no such user`);
    if (file === 'dscl') return this.#dscl(args);
    if (file === 'chown') return done();
    const [verb = '', target = '', path = ''] = args;
    switch (verb) {
      case 'print':
        return this.#print(target);
      case 'print-disabled':
        return done(
          `disabled services = {\n${[...this.#disabled].map((label) => `\t\t"${label}" => disabled\n`).join('')}\t}\n`,
        );
      case 'enable':
        this.#disabled.delete(labelOf(target));
        return done();
      case 'disable':
        this.#disabled.add(labelOf(target));
        return done();
      case 'bootstrap':
        return this.#bootstrap(path);
      case 'bootout':
        return this.#bootout(target);
      case 'kickstart':
        return done();
      default:
        return failed(64, `Unrecognized subcommand: ${verb}`);
    }
  };

  #dscl(args: readonly string[]): CommandResult {
    if (args[1] === '-list') return done('root 0\n_www 70\n_first 200\n');
    const user = /^\/Users\/(.+)$/.exec(args[2] ?? '')?.[1];
    if (user === undefined) return done();
    const comment = this.users.get(user) ?? '';
    if (args[1] === '-read') {
      if (args[3] === undefined || comment === '') return done(`No such key: ${args[3]}\n`);
      return done(comment.includes(' ') ? `${args[3]}:\n ${comment}\n` : `${args[3]}: ${comment}\n`);
    }
    if (args[1] === '-delete') this.users.delete(user);
    else this.users.set(user, args[3] === 'Comment' ? (args[4] ?? '') : comment);
    return done();
  }

  async #bootstrap(path: string): Promise<CommandResult> {
    const plist = parse(readFileSync(path, 'utf8')) as {
      Label: string;
      ProgramArguments: string[];
      EnvironmentVariables: Record<string, string>;
      StandardOutPath: string;
    };
    if (this.#disabled.has(plist.Label)) return failed(5, 'Bootstrap failed: 5: Input/output error');
    const program = plist.ProgramArguments[0] ?? '';
    const state = plist.EnvironmentVariables['RUNTIME_DIRECTORY'] ?? '';
    const fails = program.endsWith('fails');
    const job: Job = {
      program,
      state,
      output: plist.StandardOutPath,
      pid: fails ? undefined : this.#nextPid++,
      exitCode: fails ? 1 : undefined,
      runs: 1,
      control: fails ? undefined : await fakeService(state),
    };
    mkdirSync(join(plist.StandardOutPath, '..'), { recursive: true });
    writeFileSync(plist.StandardOutPath, 'Service is up\n', { flag: 'a' });
    this.#jobs.set(plist.Label, job);
    return done();
  }

  async #bootout(target: string): Promise<CommandResult> {
    const job = this.#jobs.get(labelOf(target));
    if (!job) return failed(3, 'Boot-out failed: 3: No such process');
    await job.control?.close();
    this.#jobs.delete(labelOf(target));
    return done();
  }

  #print(target: string): CommandResult {
    const job = this.#jobs.get(labelOf(target));
    if (!job) return failed(113, `Could not find service "${labelOf(target)}" in domain for system`);
    return done(`${target} = {
\tactive count = ${job.pid === undefined ? 0 : 1}
\tpath = /Library/LaunchDaemons/${labelOf(target)}.plist
\ttype = LaunchDaemon
\tstate = ${job.pid === undefined ? 'not running' : 'running'}

\tprogram = ${job.program}
\tenvironment = {
\t\tstate = not the job's
\t}
\truns = ${job.runs}
${job.pid === undefined ? '' : `\tpid = ${job.pid}\n`}\tlast exit code = ${job.exitCode ?? '(never exited)'}
}
`);
  }
}

/** `system/LABEL`, `gui/501/LABEL`. */
function labelOf(target: string): string {
  return target.slice(target.lastIndexOf('/') + 1);
}

/** A service that takes everything at once. */
async function fakeService(directory: string): Promise<ControlServer> {
  let status: LifecycleStatus = {
    state: 'running',
    accepts: { ...acceptsNothing, pause: true, reload: true, custom: [200] },
    checkpoint: 0,
    waitHintMs: 0,
    reloading: false,
    text: '',
  };
  return openControlServer({
    path: join(directory, controlSocketName),
    status: () => status,
    log: silent,
    service: {
      control(control) {
        const answer = answerControl(status.state, status.accepts, control);
        if (answer === 'accepted' && control.type === 'pause') status = { ...status, state: 'paused' };
        if (answer === 'accepted' && control.type === 'continue') status = { ...status, state: 'running' };
        return answer;
      },
    },
  });
}
