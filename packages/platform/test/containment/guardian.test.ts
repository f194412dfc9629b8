import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

import { createContainment } from '../../src/containment/index.ts';
import { hasVersion1, machineCgroups } from './surroundings.ts';
import { silent } from './silent.ts';

const agentFile = fileURLToPath(new URL('agent.ts', import.meta.url));

/** Numbers its processes by a variable of the environment that nobody else has. */
const mark = 'GUARDIAN_TEST';

function processesOf(value: string): readonly number[] {
  return readdirSync('/proc')
    .map(Number)
    .filter((pid) => {
      try {
        return readFileSync(`/proc/${pid}/environ`, 'latin1').split('\0').includes(`${mark}=${value}`);
      } catch {
        return false;
      }
    });
}

async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await delay(20);
}

interface Agent {
  readonly child: ChildProcess;
  readonly directory: string;
  readonly id: string;
}

describe('the guardian', { skip: process.platform !== 'linux' && 'it is looked at through /proc' }, () => {
  let folder = '';
  let count = 0;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'mainstay-guardian-'));
  });
  after(async () => {
    await rm(folder, { recursive: true, force: true });
  });

  async function startAgent(cgroups: string, ...scripts: readonly string[]): Promise<Agent> {
    count += 1;
    const id = `guarded-${process.pid}-${count}`;
    const directory = join(folder, id);
    const child = spawn(process.execPath, [agentFile, id, directory, cgroups, ...scripts], {
      env: { ...process.env, [mark]: id },
      stdio: ['ignore', 'pipe', 'inherit'],
      detached: true,
    });
    await new Promise<void>((resolve) => child.stdout?.once('data', () => resolve()));
    return { child, directory, id };
  }

  async function killAgent({ child }: Agent, wholeGroup = false): Promise<void> {
    const gone = new Promise((resolve) => child.once('exit', resolve));
    process.kill(wholeGroup ? -(child.pid ?? 0) : (child.pid ?? 0), 'SIGKILL');
    await gone;
  }

  // A virtual machine that is there for one kind only names it.
  for (const cgroups of process.env.MAINSTAY_TEST_CGROUPS?.split(',') ?? ['all', 'v1', 'none']) {
    const skip = cgroups === 'v1' && !hasVersion1() && 'there are no cgroups of version 1 to write to';
    describe(`with cgroups: ${cgroups}`, { skip }, () => {
      test('ends the whole trees of an agent that was killed, and nothing of another', async () => {
        const other = await startAgent(cgroups, 'sleep 1000');
        const agent = await startAgent(
          cgroups,
          'sleep 1000 & setsid sleep 1000 & (setsid sh -c "sleep 1000 & sleep 1000" &) ; sleep 1000',
          'trap "" TERM HUP INT; while :; do sleep 0.05; done',
        );
        await until(() => processesOf(agent.id).length >= 8);
        await killAgent(agent, true);
        await until(() => processesOf(agent.id).length === 0);
        assert.ok(processesOf(other.id).length >= 2, 'the other agent and its service live');
        await killAgent(other);
        await until(() => processesOf(other.id).length === 0);
      });

      test('ends what forks as fast as it can', async () => {
        // Bounded by itself where there is no limit on processes: each lives half a second.
        const bomb = 'while :; do (setsid sleep 0.5 &) ; (sh -c "sleep 0.5 & sleep 0.4" &); sleep 0.01; done';
        const agent = await startAgent(cgroups, bomb, bomb);
        await until(() => processesOf(agent.id).length > 30);
        await killAgent(agent);
        await until(() => processesOf(agent.id).length === 0);
      });

      test('saves what was in the pipes', async () => {
        const lines = 3000;
        const script = `i=0; while [ $i -lt ${lines} ]; do i=$((i+1)); echo "line $i"; done; touch "$0.done"; sleep 1000`;
        const file = join(folder, `written-${cgroups}`);
        const agent = await startAgent(
          cgroups,
          script.replace('$0', file),
          `echo one; echo two; touch "${file}.second"; sleep 1000`,
        );
        await until(() => existsSync(`${file}.done`) && existsSync(`${file}.second`));
        await killAgent(agent);
        await until(() => processesOf(agent.id).length === 0);
        // The next agent waits for the guardian of the one before.
        const next = await createContainment({
          name: agent.id,
          directory: agent.directory,
          log: silent,
          cgroups: machineCgroups(cgroups),
        });
        const saved = (index: number): string =>
          readFileSync(join(next.pipesDirectory ?? '', `service@${index}@1.stdout.rest`), 'latin1');
        assert.equal(saved(0), Array.from({ length: lines }, (_, index) => `line ${index + 1}\n`).join(''));
        assert.equal(saved(1), 'one\ntwo\n');
        await next.close();
      });
    });
  }
});
