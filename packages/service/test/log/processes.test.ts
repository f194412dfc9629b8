import assert from 'node:assert/strict';
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { describe, it } from 'node:test';

const talk = fileURLToPath(new URL('fixtures/talk.ts', import.meta.url));

async function outputOf(child: ChildProcess): Promise<string> {
  let text = '';
  child.stdout?.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk;
  });
  if (child.stdout) await once(child.stdout, 'close');
  return text;
}

describe('log of a process', () => {
  for (const ending of ['exit', 'crash']) {
    it(`is written to the last line at ${ending}`, async () => {
      const child = spawn(process.execPath, [talk, '500', '20', ending], {
        stdio: ['ignore', 'pipe', 'ignore'],
      });
      const lines = (await outputOf(child)).trimEnd().split('\n');
      assert.equal(lines.length, 500);
      assert.equal((JSON.parse(lines[499] ?? '') as { n: number }).n, 499);
    });
  }

  it('does not hold up a service whose lines nobody reads, and tells how many it dropped', async (t) => {
    const child = spawn(process.execPath, [talk, '2000', '8000', 'wait'], {
      stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
    });
    t.after(() => child.kill('SIGKILL'));
    // 16 MB into a pipe that holds 64 KiB and is not read: the message comes only if no write waits.
    await once(child, 'message');
    child.send('go on');
    const lines = (await outputOf(child))
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as { n?: number; count?: number; msg: string });
    const dropped = lines.find((line) => line.msg.startsWith('Log lines were dropped'));
    const numbers = lines.filter((line) => line.n !== undefined).map((line) => line.n);
    assert.deepEqual(
      numbers,
      numbers.map((_, index) => index),
      'the lines that came are the first ones, in order',
    );
    assert.equal(numbers.length + (dropped?.count ?? 0), 2000);
  });

  it(
    'is for people on a terminal, in colour unless NO_COLOR is set',
    { skip: spawnSync('script', ['--version']).error ? 'needs script(1)' : false },
    () => {
      assert.ok(onTerminal({}).includes('\u001B[32mINFO \u001B[0m Line'));
      assert.match(onTerminal({ NO_COLOR: '1' }), /^\d\d:\d\d:\d\d\.\d{3} INFO  Line n=0 text=xxx/m);
    },
  );
});

/** What the program writes to a terminal, which script(1) makes. */
function onTerminal(env: NodeJS.ProcessEnv): string {
  return spawnSync('script', ['-qec', `"${process.execPath}" "${talk}" 1 3 exit`, '/dev/null'], {
    encoding: 'utf8',
    env: { PATH: process.env['PATH'], TERM: 'xterm', ...env },
  }).stdout;
}
