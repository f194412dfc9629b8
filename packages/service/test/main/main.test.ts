import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';

const directory = mkdtempSync(join(tmpdir(), 'mainstay-main-'));
after(() => rmSync(directory, { recursive: true }));

const url = (path: string): string => JSON.stringify(new URL(path, import.meta.url).href);

interface Result {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs `main` with this as the module that is loaded. */
async function runMain(
  module: string,
  args: readonly string[] = [],
  env: Record<string, string> = {},
): Promise<Result> {
  const program = `
    import { defineService } from ${url('../../src/index.ts')};
    import { main } from ${url('../../src/main/index.ts')};
    import { z } from ${JSON.stringify(import.meta.resolve('zod'))};
    const plain = (more) => ({ name: 'plain', start(ctx) { process.nextTick(() => ctx.requestStop()); return { stop() {} }; }, ...more });
    await main({ load: async () => { ${module} } });`;
  const file = join(directory, `program-${Math.random().toString(36).slice(2)}.mjs`);
  writeFileSync(file, program);
  const { PATH = '' } = process.env;
  return new Promise((resolve) => {
    const options = { env: { PATH, ...env }, cwd: directory, timeout: 60_000 };
    execFile(process.execPath, [file, ...args], options, (error, stdout, stderr) => {
      resolve({ code: typeof error?.code === 'number' ? error.code : error ? -1 : 0, stdout, stderr });
    });
  });
}

describe('main', () => {
  it('runs without arguments, and exits 0', async () => {
    const { code, stdout } = await runMain('return { default: defineService(plain()) };');
    assert.equal(code, 0);
    assert.match(stdout, /Service is up/);
  });

  describe('with a command line of its own', () => {
    const module = `return { default: defineService(plain({
      version: '1.2.3',
      commandLine: async () => async (argv) => {
        if (argv[0] === 'own') { console.log('own: ' + argv.slice(1).join(',')); return 7; }
        if (argv.length === 0) { console.log('nothing typed'); return 2; }
        return argv[0] === 'renamed' ? ['version'] : argv;
      },
    })) };`;

    it('asks that first, and ends with its exit code', async () => {
      assert.deepEqual(await runMain(module, ['own', 'a', 'b']), {
        code: 7,
        stdout: 'own: a,b\n',
        stderr: '',
      });
      assert.deepEqual(await runMain(module), { code: 2, stdout: 'nothing typed\n', stderr: '' });
    });

    it('leaves the rest, and what it makes of it, to the commands that every service has', async () => {
      for (const command of ['version', 'renamed'])
        assert.match((await runMain(module, [command])).stdout, /1\.2\.3/);
    });

    it('is not asked about `run`', async () => {
      const { code, stdout } = await runMain(module, ['run']);
      assert.equal(code, 0);
      assert.match(stdout, /Service is up/);
    });
  });

  it('lays the config over the defaults of the definition, which may hold placeholders', async () => {
    const module = `return { default: defineService(plain({
      config: z.object({ port: z.number(), host: z.string() }),
      defaults: { port: '\${SOME_PORT:8080}', host: 'a' },
      start(ctx) {
        console.log(JSON.stringify(ctx.config));
        process.nextTick(() => ctx.requestStop());
        return { stop() {} };
      },
    })) };`;
    const said = async (env: Record<string, string>): Promise<unknown> =>
      JSON.parse((await runMain(module, [], env)).stdout.split('\n').find((line) => /port/.test(line)) ?? '');
    assert.deepEqual(await said({}), { port: 8080, host: 'a' });
    assert.deepEqual(await said({ SOME_PORT: '9', PLAIN_HOST: 'b' }), { port: 9, host: 'b' });
  });

  const needsRoot = { skip: process.platform !== 'linux' || process.getuid?.() !== 0 };
  it('reads the file of the installed service in a terminal too, as `config` says', needsRoot, async () => {
    const name = `mainstay-test-${process.pid}`;
    mkdirSync(`/etc/${name}`);
    try {
      writeFileSync(`/etc/${name}/config.yaml`, 'port: 9555\n');
      const module = `return { default: plain({
        name: '${name}',
        config: z.object({ port: z.number().default(1) }),
        start(ctx) {
          console.log('port is', ctx.config.port);
          process.nextTick(() => ctx.requestStop());
          return { stop() {} };
        },
      }) };`;
      assert.match((await runMain(module)).stdout, /^port is 9555$/m);
      assert.match((await runMain(module, ['config'])).stdout, /^port +9555 +\/etc\//m);
    } finally {
      rmSync(`/etc/${name}`, { recursive: true });
    }
  });

  it('a service that leaves by process.exit(0) has failed', async () => {
    const { code, stdout } = await runMain(
      'return { default: plain({ start() { setImmediate(() => process.exit(0)); return { stop() {} }; } }) };',
    );
    assert.equal(code, 70);
    assert.match(stdout, /left the process without a stop/);
  });

  it('an object that did not go through defineService is validated', async () => {
    const { code, stderr } = await runMain('return { default: plain({ name: "Not valid" }) };');
    assert.equal(code, 1);
    assert.match(stderr, /^Error: The name "Not valid" is not an id/);
  });

  it('an entry without a default export says what to write', async () => {
    const { code, stderr } = await runMain('return { service: plain() };');
    assert.equal(code, 1);
    assert.match(stderr, /export default defineService/);
  });

  it('an entry that throws ends with 1 and its stack', async () => {
    const { code, stderr } = await runMain('throw new Error("no such import");');
    assert.equal(code, 1);
    assert.match(stderr, /no such import[\s\S]*program-/);
  });

  it('a crash before the service runs ends with 70', async () => {
    const { code, stderr } = await runMain(
      'setImmediate(() => { throw new Error("too early"); }); await new Promise(() => setInterval(() => {}, 1e6));',
    );
    assert.equal(code, 70);
    assert.match(stderr, /too early/);
  });

  const configured =
    'return { default: plain({ config: z.object({ port: z.number(), host: z.string() }) }) };';

  it('an invalid config prints every problem and ends with 6', async () => {
    const { code, stderr, stdout } = await runMain(configured, ['run', '--set', 'port=many']);
    assert.equal(code, 6);
    assert.match(stderr, /2 problems/);
    assert.match(stderr, /port/);
    assert.match(stderr, /host/);
    assert.doesNotMatch(stdout, /Service is up/);
  });

  it('a config from a file and a flag', async () => {
    writeFileSync(join(directory, 'good.json'), '{ "port": 1, "host": "x" }');
    const { code, stderr } = await runMain(configured, ['run', '--config', 'good.json', '--set=port=2']);
    assert.deepEqual([code, stderr], [0, '']);
  });

  it('run --name: log, config file and variables are those of the name', async () => {
    writeFileSync(join(directory, 'second.json'), '{ "port": 1, "host": "of-the-file" }');
    const { code, stdout } = await runMain(
      `return { default: plain({ config: z.object({ port: z.number(), host: z.string() }), start(ctx) {
        ctx.log.info({ name: ctx.name, config: ctx.config }, 'Here');
        ctx.requestStop();
        return { stop() {} };
      } }) };`,
      ['run', '--name', 'second'],
      { SECOND_PORT: '2', PLAIN_PORT: '3' },
    );
    assert.equal(code, 0);
    const lines = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    const here = lines.find(({ msg }) => msg === 'Here');
    assert.deepEqual([here?.['name'], here?.['config']], ['second', { port: 2, host: 'of-the-file' }]);
    assert.deepEqual([...new Set(lines.map(({ service }) => service))], ['second']);
  });

  it('a name that is no id, and an empty value, are usage errors that say so', async () => {
    const named = await runMain('return { default: plain() };', ['run', '--name', 'my service']);
    assert.equal(named.code, 2);
    assert.match(named.stderr, /'my service'.*lower-case letters/s);
    const empty = await runMain('return { default: plain() };', ['run', '--config=']);
    assert.equal(empty.code, 2);
    assert.match(empty.stderr, /--config=?.*may be empty/);
  });

  it('a flag of run that does not exist is a usage error', async () => {
    const { code, stderr } = await runMain('return { default: plain() };', ['run', '--prot', '1']);
    assert.equal(code, 2);
    assert.match(stderr, /--prot/);
  });

  it('other commands are loaded when they are asked for', async () => {
    const { code, stdout } = await runMain('return { default: plain({ version: "4.5.6" }) };', ['version']);
    assert.equal(code, 0);
    assert.match(stdout, /4\.5\.6/);
  });

  it('tasks run on threads of this same program', async () => {
    const { code, stderr } = await runMain(`
      const tasks = { square: (x) => x * x };
      return { default: plain({ tasks, async start(ctx) {
        if (await ctx.workers.run('square', 12) !== 144) throw new Error('wrong');
        process.nextTick(() => ctx.requestStop());
        return { stop() {} };
      } }) };`);
    assert.deepEqual([code, stderr], [0, '']);
  });

  it('a service without tasks says so', async () => {
    const { code, stdout } = await runMain(
      "return { default: plain({ start: (ctx) => ctx.workers.run('square', 1) }) };",
    );
    assert.equal(code, 1);
    assert.match(stdout, /this service defines no tasks/);
  });
});
