import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { describe, it } from 'node:test';
import { Container } from './container.ts';

const program = (code: string) => [process.execPath, '--eval', code];

describe('a program as PID 1', () => {
  it('is PID 1 of a process tree of its own', async () => {
    const code = `console.log(process.pid, fs.readdirSync('/proc').filter((name) => /^\\d+$/.test(name)).join())`;
    await using container = await Container.start(program(code));
    assert.deepEqual(await container.ended, { code: 0, signal: null });
    assert.equal(container.output, '1 1\n');
  });

  it('hears the signals it handles, and its exit code comes out', async () => {
    const code = `process.on('SIGTERM', () => process.exit(7)); setInterval(() => {}, 1000); console.log('up')`;
    await using container = await Container.start(program(code));
    await container.waitFor(/up/);
    container.signal('SIGTERM');
    assert.deepEqual(await container.ended, { code: 7, signal: null });
  });

  it('leaves no process when a test ends early', async () => {
    let pid = 0;
    {
      await using container = await Container.start(
        program(`setInterval(() => {}, 1000); console.log('up')`),
      );
      await container.waitFor(/up/);
      pid = container.pid;
    }
    assert.equal(existsSync(`/proc/${pid}/exe`), false);
  });

  it('says so when the program cannot be started', async () => {
    await assert.rejects(Container.start(['/no/such/program']), /before the program started/);
  });
});
