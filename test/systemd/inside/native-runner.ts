// Run in the machine by native-runner.test.ts: the native runner on a real systemd.
import assert from 'node:assert/strict';
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface, type Interface } from 'node:readline';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { createManager, systemClock } from '@mainstay/platform';
import type { ServiceDeclaration } from '../../../packages/supervisor/src/manifest/types.ts';
import { lastNativeLines } from '../../../packages/supervisor/src/native-runner/logs.ts';
import { NativeRunner } from '../../../packages/supervisor/src/native-runner/native-runner.ts';
import type { Run, RunEvents } from '../../../packages/supervisor/src/runner/types.ts';
import {
  declarationOf,
  noEvents,
  noOutput,
  silent,
  specOf,
} from '../../../packages/supervisor/test/native-runner/declarations.ts';
import { property, systemctl, until } from './systemctl.ts';

const manager = await createManager({ scope: 'system' });
const directory = '/var/lib/agent/native';
const forever = 'while :; do sleep 0.1; done';
const { limits, restart } = declarationOf('');

describe('the native runner under systemd', () => {
  let runner: NativeRunner;
  const start = (declaration: ServiceDeclaration, events: RunEvents = noEvents): Run =>
    runner.start(specOf(declaration), events, noOutput());
  const up = (run: Run) => until('its pid', () => run.pid !== undefined);

  beforeEach(() => {
    runner = new NativeRunner({ manager, clock: systemClock, log: silent, directory });
  });
  afterEach(async () => {
    await runner.adopt(
      () => undefined,
      () => noEvents,
    );
    await runner.close();
    rmSync(directory, { recursive: true, force: true });
  });

  it('tells exit codes and signals, at once and of the shortest run', async () => {
    const run = start(declarationOf('exit 9'));
    assert.deepEqual(await run.ended, {
      exitCode: 9,
      signal: undefined,
      error: undefined,
      outOfMemory: false,
    });
    assert.equal(await property('mainstay-shop-0', 'NRestarts'), '0');
    const killed = start(declarationOf(forever, { name: 'killed' }));
    await up(killed);
    process.kill(killed.pid ?? 0, 'SIGSEGV');
    assert.equal((await killed.ended).signal, 'SIGSEGV');
    const good = start(
      declarationOf('exit 0', { name: 'good', restart: { ...restart, policy: 'on-failure' } }),
    );
    assert.equal((await good.ended).exitCode, 0);
    assert.notEqual(await property('mainstay-good-0', 'ActiveState'), 'failed');
  });

  it('writes the rules of the declaration into the unit, and the unit is not changed by a second run', async () => {
    const declaration = declarationOf(forever, {
      cwd: '/usr',
      env: { NASTY: 'a "b" $HOME %n \\x' },
      user: 'daemon',
      restart: { ...restart, policy: 'on-failure', neverOn: [3, 4], successOn: [5], backoffMinMs: 2_500 },
      stop: { by: { type: 'signal', signal: 'SIGINT' }, graceMs: 9_000, reloadSignal: 'SIGUSR1' },
      limits: {
        ...limits,
        memoryHardBytes: 64 << 20,
        cpuPercent: 50,
        processes: 20,
        openFiles: 99,
        priority: 'low',
      },
    });
    const run = start(declaration);
    await up(run);
    const shown = async (name: string): Promise<string> => property('mainstay-shop-0', name);
    assert.equal(await shown('Restart'), 'on-failure');
    assert.match(await shown('RestartUSec'), /^2\.50*s$/);
    assert.equal(await shown('RestartPreventExitStatus'), '3 4');
    assert.equal(await shown('SuccessExitStatus'), '5');
    assert.equal(await shown('KillSignal'), '2');
    assert.equal(await shown('MemoryMax'), String(64 << 20));
    assert.equal(await shown('TasksMax'), '20');
    assert.equal(await shown('CPUQuotaPerSecUSec'), '500ms');
    const proc = `/proc/${run.pid}`;
    assert.match(readFileSync(`${proc}/limits`, 'utf8'), /Max open files +99 +99 /);
    assert.match(readFileSync(`${proc}/status`, 'utf8'), /^Uid:\t1\t/m);
    // The 19th field counts from the one after the name: proc_pid_stat(5), nice.
    assert.equal(readFileSync(`${proc}/stat`, 'utf8').split(') ')[1]?.split(' ')[16], '10');
    const environment = readFileSync(`${proc}/environ`, 'utf8').split('\0');
    assert.ok(environment.includes('NASTY=a "b" $HOME %n \\x'), environment.join('\n'));
    assert.ok(environment.includes('MAINSTAY_SERVICE=shop'));
    const unit = readFileSync('/etc/systemd/system/mainstay-shop-0.service', 'utf8');
    const again = start(declaration);
    await up(again);
    assert.equal(again.pid, run.pid);
    assert.equal(readFileSync('/etc/systemd/system/mainstay-shop-0.service', 'utf8'), unit);
    assert.equal(existsSync('/var/lib/mainstay-shop-0'), false, 'it has no directories of its own');
    const file = '/etc/systemd/system/mainstay-shop-0.service';
    const verified = spawnSync('systemd-analyze', ['verify', '--man=no', file], { encoding: 'utf8' });
    assert.equal(verified.stderr, '');
  });

  it('counts what the tree takes', async () => {
    const run = start(declarationOf(`sleep 1000 & ${forever}`));
    await up(run);
    await until('two processes', async () => ((await run.usage())?.processes ?? 0) >= 2);
    const usage = await run.usage();
    assert.ok((usage?.memoryBytes ?? 0) > 0 && (usage?.openFiles ?? 0) >= 3, JSON.stringify(usage));
  });

  it('holds the number of processes', async () => {
    const script = `sh -c 'while :; do sleep 1000 & done'; echo "ended with $?"; exec tail -f /dev/null`;
    const run = start(declarationOf(script, { limits: { ...limits, processes: 8 } }));
    await up(run);
    const lines = (): Promise<readonly string[]> => lastNativeLines(manager, run.id, 50);
    await until('the end of the bomb', async () =>
      (await lines()).some((line) => line.startsWith('ended with')),
    );
    assert.match((await lines()).join('\n'), /[Cc]annot fork/);
    assert.ok(Number(await property('mainstay-shop-0', 'TasksCurrent')) <= 8);
  });

  it('leaves no process behind, by stop and by kill, also of those that went their own way', async () => {
    const marks = ['/run/n-child', '/run/n-session'] as const;
    const script = (deaf: string): string =>
      `${deaf} sleep 1000 & echo $! >${marks[0]}; setsid sh -c '${deaf} echo $$ >${marks[1]}; exec sleep 1000' & ${forever}`;
    const pids = async (): Promise<number[]> => {
      await until('both marks', () =>
        marks.every((mark) => existsSync(mark) && readFileSync(mark, 'utf8') !== ''),
      );
      return marks.map((mark) => Number(readFileSync(mark, 'utf8')));
    };
    for (const [deaf, end] of [
      ['', (run: Run) => run.askToStop()],
      ['trap "" TERM;', async (run: Run) => run.kill()],
    ] as const) {
      for (const mark of marks) rmSync(mark, { force: true });
      const run = start(declarationOf(script(deaf)));
      await up(run);
      const tree = [run.pid ?? 0, ...(await pids())];
      await end(run);
      const { signal } = await run.ended;
      assert.equal(signal, deaf ? 'SIGKILL' : 'SIGTERM');
      for (const pid of tree) assert.equal(existsSync(`/proc/${pid}`), false, `${pid} of ${tree.join(', ')}`);
    }
  });

  it('stops by a command, and waits for what it began', async () => {
    const script = `while [ ! -e /run/n-stop ]; do sleep 0.05; done; sleep 0.3; rm /run/n-stop; exit 21`;
    const run = start(
      declarationOf(script, {
        stop: {
          by: { type: 'command', command: ['touch', '/run/n-stop'] },
          graceMs: 20_000,
          reloadSignal: undefined,
        },
      }),
    );
    await up(run);
    await run.askToStop();
    assert.equal((await run.ended).exitCode, 21);
    assert.equal(existsSync('/run/n-stop'), false);
  });

  it('says why a program cannot be started', async () => {
    const end = await start(declarationOf(forever, { cwd: '/no/such/folder' })).ended;
    assert.match(end.error?.message ?? '', /Nothing can run in \/no\/such\/folder/);
    const user = await start(declarationOf(forever, { user: 'nobody-of-that-name' })).ended;
    assert.match(user.error?.message ?? '', /user/);
  });

  it('reads the journal', async () => {
    const run = start(
      declarationOf('echo first; echo second; exit 0', { restart: { ...restart, policy: 'never' } }),
    );
    await run.ended;
    await until('the lines', async () => (await lastNativeLines(manager, run.id, 50)).includes('second'));
  });

  it('refuses the unit of another agent, and of a person', async () => {
    await up(start(declarationOf(forever)));
    const other = new NativeRunner({ manager, clock: systemClock, log: silent, directory: '/var/lib/other' });
    const end = await other.start(specOf(declarationOf(forever)), noEvents, noOutput()).ended;
    assert.match(end.error?.message ?? '', /Name mainstay-shop-0 is another service's/);
    assert.deepEqual(
      await other.adopt(
        () => undefined,
        () => noEvents,
      ),
      [],
    );
    assert.equal(await property('mainstay-shop-0', 'ActiveState'), 'active');
    await other.close();
    rmSync('/var/lib/other', { recursive: true });
  });

  it('lives on with its pid when the agent is killed; the next agent takes it over', async () => {
    const first = new Agent(forever);
    const { pid } = await first.says();
    await first.kill();
    assert.equal(await property('mainstay-outlives-0', 'MainPID'), String(pid));
    const second = new Agent(forever);
    assert.deepEqual(await second.says(), { isAdopted: true, pid });
    process.kill(Number(pid), 'SIGKILL');
    assert.deepEqual(await second.says(), {
      end: { signal: 'SIGKILL', outOfMemory: false },
    });
    await second.kill();
  });

  it('is restarted by systemd while there is no agent, and then taken over', async () => {
    const first = new Agent(forever);
    const { pid } = await first.says();
    await first.kill();
    process.kill(Number(pid), 'SIGKILL');
    const now = (): Promise<string> => property('mainstay-outlives-0', 'MainPID');
    await until('a restart', async () => !['0', String(pid)].includes(await now()));
    const second = new Agent(forever);
    assert.deepEqual(await second.says(), { isAdopted: true, pid: Number(await now()) });
    await second.kill();
  });

  it('shows a restart by hand as an end, and the new process to the next start', async () => {
    const declaration = declarationOf(forever);
    const run = start(declaration);
    await up(run);
    await systemctl('restart', 'mainstay-shop-0');
    assert.equal((await run.ended).signal, 'SIGTERM');
    const next = start(declaration);
    await up(next);
    assert.equal(String(next.pid), await property('mainstay-shop-0', 'MainPID'));
    assert.notEqual(next.pid, run.pid);
  });
});

/** An agent in a process of its own, which can be killed. */
class Agent {
  readonly #child: ChildProcess;
  readonly #lines: Interface;
  readonly #said: AsyncIterator<string>;

  constructor(script: string) {
    mkdirSync(directory, { recursive: true });
    const main = join(import.meta.dirname, 'native-agent.ts');
    this.#child = spawn(process.execPath, [main, directory, script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    this.#lines = createInterface({ input: this.#child.stdout ?? assert.fail('no output') });
    this.#said = this.#lines[Symbol.asyncIterator]();
  }

  async says(): Promise<Readonly<Record<string, unknown>>> {
    const { value } = await this.#said.next();
    return JSON.parse(String(value)) as Record<string, unknown>;
  }

  async kill(): Promise<void> {
    const gone = new Promise((resolve) => this.#child.once('exit', resolve));
    if (this.#child.exitCode === null && this.#child.kill('SIGKILL')) await gone;
    this.#lines.close();
  }
}
