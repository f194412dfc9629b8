import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';

import { createContainment } from '../../src/containment/index.ts';
import type { Container, Containment, ContainmentLimits } from '../../src/containment/types.ts';
import { silent } from './silent.ts';
import { hasVersion1, machineCgroups } from './surroundings.ts';

const none: ContainmentLimits = {
  memoryHardBytes: undefined,
  memorySoftBytes: undefined,
  cpuPercent: undefined,
  processes: undefined,
  openFiles: undefined,
  priority: undefined,
};
const mebibyte = 1024 * 1024;

async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await delay(20);
}

// A virtual machine that is there for one kind only names it.
const kinds = process.env.MAINSTAY_TEST_CGROUPS?.split(',') ?? ['all', 'v1', 'none'];

for (const cgroups of kinds) {
  const skip =
    (process.platform !== 'linux' && 'these limits are for Linux') ||
    (cgroups === 'v1' && !hasVersion1() && 'there are no cgroups of version 1 to write to');

  describe(`limits with cgroups: ${cgroups}`, { skip }, () => {
    let directory = '';
    let containment: Containment;
    let count = 0;
    before(async () => {
      directory = await mkdtemp(join(tmpdir(), 'mainstay-limits-'));
      const name = `limits-${process.pid}-${cgroups}`;
      containment = await createContainment({
        name,
        directory,
        log: silent,
        cgroups: machineCgroups(cgroups),
      });
    });
    after(async () => {
      await containment.close();
      await rm(directory, { recursive: true, force: true });
    });

    async function run(
      limits: Partial<ContainmentLimits>,
      command: string,
      ...args: string[]
    ): Promise<{
      container: Container;
      child: ChildProcess;
      text: () => string;
      ended: Promise<string | number>;
    }> {
      count += 1;
      const container = await containment.create(`subject@${count}`, { ...none, ...limits });
      const line = container.launch({ command, args, user: undefined });
      const child = spawn(line.command, line.args, {
        stdio: ['ignore', 'pipe', 'pipe'],
        env: { ...process.env, ...line.env },
        detached: true,
      });
      container.adopt(child.pid ?? 0);
      let text = '';
      for (const stream of [child.stdout, child.stderr])
        stream.setEncoding('utf8').on('data', (chunk: string) => {
          text += chunk;
        });
      const ended = new Promise<string | number>((resolve) => {
        child.once('exit', (code, signal) => resolve(signal ?? code ?? 'nothing'));
      });
      return { container, child, text: () => text, ended };
    }

    /** What is not held has a reason in words, and then there is nothing more to be tried. */
    const holds = (limit: keyof Containment['unheldLimits']): boolean => {
      const reason = containment.unheldLimits[limit];
      if (reason !== undefined) assert.match(reason, /^[a-z].*\w$/);
      if (cgroups === 'none') assert.notEqual(reason, undefined);
      return reason === undefined;
    };

    test('memory: the kernel ends who wants more', async () => {
      if (!holds('memory.hard')) return;
      const want = String(200 * mebibyte);
      const { container, text } = await run(
        { memoryHardBytes: 40 * mebibyte },
        '/bin/sh',
        '-c',
        `head -c ${want} /dev/zero | tail -c ${want} | wc -c; sleep 1000`,
      );
      await until(() => container.outOfMemoryKills() > 0);
      assert.doesNotMatch(text(), new RegExp(want));
      await container.kill();
      container.remove();
    });

    test('memory: what is within the limit is left alone, and its use is seen', async () => {
      const { container, text } = await run(
        { memoryHardBytes: holds('memory.hard') ? 200 * mebibyte : undefined },
        process.execPath,
        '-e',
        'const kept = Buffer.alloc(50 << 20, 1); console.log("has it"); setInterval(() => kept, 1 << 30)',
      );
      await until(() => text().includes('has it'));
      const usage = container.usage();
      assert.ok(usage && usage.memoryBytes > 50 * mebibyte && usage.memoryBytes < 200 * mebibyte);
      assert.equal(container.outOfMemoryKills(), 0);
      await container.kill();
      assert.equal(container.usage(), undefined);
    });

    test('processes: the one too many is not started; a new limit holds at once', async () => {
      if (!holds('processes')) return;
      const script =
        'n=0; while [ $n -lt 40 ]; do n=$((n+1)); (sleep 1000 & echo began) 2>/dev/null || echo refused; done; echo done; sleep 1000';
      const first = await run({ processes: 10 }, '/bin/sh', '-c', script);
      // The shell itself gives up when it cannot fork.
      await until(() => /Cannot fork|Resource temporarily unavailable|refused/.test(first.text()));
      assert.ok((first.container.usage()?.processes ?? 0) <= 10);
      await first.container.kill();
      const second = await run(
        { processes: 10 },
        '/bin/sh',
        '-c',
        `while [ ! -e ${directory}/go ]; do :; done; ${script}`,
      );
      second.container.setLimits({ ...none, processes: 100 });
      spawn('touch', [`${directory}/go`]);
      await until(() => second.text().includes('done'));
      assert.doesNotMatch(second.text(), /refused/);
      await second.container.kill();
    });

    test('cpu: no more than its share', async () => {
      if (!holds('cpu')) return;
      const { container } = await run(
        { cpuPercent: 20 },
        '/bin/sh',
        '-c',
        '(while :; do :; done) & while :; do :; done',
      );
      await until(() => (container.usage()?.cpuMs ?? 0) > 50);
      const begin = { at: performance.now(), cpuMs: container.usage()?.cpuMs ?? 0 };
      await until(() => performance.now() - begin.at > 2000);
      const share = ((container.usage()?.cpuMs ?? 0) - begin.cpuMs) / (performance.now() - begin.at);
      // Two processes would take all that there is.
      assert.ok(share < 0.4, `it took ${share.toFixed(2)} of a processor`);
      await container.kill();
    });

    test('open files: the one too many is refused', async () => {
      const script = `const fs = require('node:fs'); let n = 0;
        try { for (;; n++) fs.openSync('/dev/null'); } catch (error) { console.log(error.code, n < 64); }`;
      const { text, ended } = await run({ openFiles: 64 }, process.execPath, '-e', script);
      assert.equal(await ended, 0);
      assert.match(text(), /EMFILE true/);
    });

    test('priority', async () => {
      const { text, ended } = await run({ priority: 'low' }, '/bin/sh', '-c', 'nice');
      assert.equal(await ended, 0);
      await until(() => text().includes('10'));
    });

    test('a container serves one run after the other', async () => {
      const script = 'i=0; while [ $i -lt 300000 ]; do i=$((i+1)); done; echo done; sleep 1000';
      const { container, text } = await run({}, '/bin/sh', '-c', script);
      await until(() => text().includes('done'));
      const before = container.usage()?.cpuMs ?? 0;
      await container.kill();
      assert.ok(container.isEmpty());
      const line = container.launch({ command: '/bin/sleep', args: ['1000'], user: undefined });
      const child = spawn(line.command, line.args, {
        stdio: 'ignore',
        detached: true,
        env: { ...process.env, ...line.env },
      });
      container.adopt(child.pid ?? 0);
      await until(() => container.usage() !== undefined);
      assert.ok(
        (container.usage()?.cpuMs ?? before) < before / 2,
        'the time of the run before does not count',
      );
      await container.kill();
      container.remove();
    });
  });
}
