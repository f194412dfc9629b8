// What is asked of a running agent, as somebody types it; the agent and its programs are real.
import assert from 'node:assert/strict';
import { createServer, type AddressInfo } from 'node:net';
import { suite, test } from 'node:test';

import type { ServiceView } from '@mainstay/supervisor';

import { AgentWorld, stays, until } from './agent-world.ts';

const options = { timeout: 170_000, skip: process.platform === 'linux' ? false : 'its programs are shells' };
const three = {
  web: { exec: stays, instances: 2 },
  worker: { exec: stays, dependsOn: { web: 'started' } },
  once: { exec: ['sh', '-c', 'echo done'], restart: 'never' },
};

/** An agent in which all services are up, and have said so. */
async function worldWith(services: Readonly<Record<string, unknown>>): Promise<AgentWorld> {
  const world = await AgentWorld.open();
  world.write(services);
  const applied = await world.run('apply');
  assert.equal(applied.code, 0, applied.err);
  return world;
}

const stateOf = async (world: AgentWorld, name: string): Promise<string | undefined> =>
  (await world.json<ServiceView[]>('ps', name))[0]?.state;

suite('the commands of a running agent', options, () => {
  test('apply shows what it does, and does it; again there is nothing to do', async () => {
    await using world = await AgentWorld.open();
    world.write(three);
    const planned = await world.run('apply', '--dry-run');
    assert.equal(planned.code, 1, 'something would change');
    assert.equal(planned.out, '+ web will be started\n+ worker will be started\n+ once will be started\n');
    assert.deepEqual(await world.json('ps'), []);
    const applied = await world.run('apply');
    assert.equal(applied.code, 0, applied.err);
    assert.match(applied.out, /^web\/1 +running +\d+/m);
    const again = await world.run('apply', '--dry-run');
    assert.deepEqual(
      [again.code, again.out],
      [0, 'Nothing to change: the agent runs what the manifest says\n'],
    );
  });

  test('apply asks before it stops or restarts something, and nobody can answer in a pipe', async () => {
    await using world = await worldWith(three);
    world.write({ ...three, worker: { ...three.worker, env: { NEW: '1' } } });
    const pid = (await world.json<ServiceView[]>('ps', 'worker'))[0]?.instances[0]?.pid;
    const asked = await world.run('apply');
    assert.equal(asked.code, 1);
    assert.match(asked.out, /^~ worker will be restarted\n +\+ env\.NEW: 1$/m);
    assert.match(asked.err, /write --yes to go on/);
    assert.equal((await world.json<ServiceView[]>('ps', 'worker'))[0]?.instances[0]?.pid, pid);
    const done = await world.json<{ changes: unknown[]; services: ServiceView[] }>('apply', '--yes');
    assert.equal(done.changes.length, 1);
    assert.notEqual(done.services.find(({ name }) => name === 'worker')?.instances[0]?.pid, pid);
  });

  test('ps, describe and why say how services are', async () => {
    await using world = await worldWith(three);
    await until(
      () => stateOf(world, 'once'),
      (state) => state === 'completed',
    );
    const listed = await world.run('ps');
    assert.equal(listed.code, 0);
    assert.match(listed.out, /^SERVICE +STATE +PID +UPTIME +RESTARTS +CPU +MEMORY +HEALTH +INFO$/m);
    assert.match(listed.out, /^web\/0 +running +\d+ +\d+s +0 /m);
    assert.match(listed.out, /^once +completed +- /m);
    assert.deepEqual(
      (await world.json<ServiceView[]>('ps', 'worker')).map(({ name }) => name),
      ['worker'],
    );
    const described = await world.run('describe', 'web');
    assert.match(described.out, /^ {2}Instances +2$/m);
    assert.match(described.out, /^web\/1$/m);
    assert.equal(
      (await world.json<{ declaration: { instances: number } }>('describe', 'web')).declaration.instances,
      2,
    );
    assert.match((await world.run('why', 'once')).out, /^once\/0 has completed .*exit code 0/);
    assert.equal((await world.run('why', 'web')).out.split('\n\n').length, 2, 'a paragraph an instance');
    assert.match(
      (await world.run('why', 'web/1')).out,
      /^web\/1 has been running for [^]*hello from web\/1\n$/,
    );
    assert.deepEqual(
      (await world.json<{ instance: number }[]>('why', 'web/1')).map(({ instance }) => instance),
      [1],
    );
  });

  test('stop, start, restart and reload', async () => {
    await using world = await worldWith(three);
    const stopped = await world.run('stop', 'web', 'web');
    assert.equal(stopped.code, 0, stopped.err);
    assert.match(stopped.err, /^Stopping web\n/);
    assert.match(stopped.out, /^web\/0 +stopped/m);
    assert.doesNotMatch(stopped.out, /worker/, 'only what was named is shown');
    const listed = await world.run('ps', 'web');
    assert.equal(listed.code, 3);
    assert.match((await world.run('why', 'web/0')).out, /stopped/);
    const before = (await world.json<ServiceView[]>('start', 'web'))[0];
    assert.equal(before?.state, 'running');
    for (const [action, cause] of [
      ['restart', 'manual'],
      ['reload', 'reload'],
    ] as const) {
      const [after] = await world.json<ServiceView[]>(action, 'web');
      assert.equal(after?.state, 'running');
      assert.ok((after?.instances[0]?.restartsByCause[cause] ?? 0) >= 1, action);
    }
    assert.equal((await world.run('stop', '--all')).code, 0);
    assert.equal(await stateOf(world, 'worker'), 'stopped');
  });

  test('scale changes how many run', async () => {
    await using world = await worldWith(three);
    const scaled = await world.run('scale', 'web', '3');
    assert.equal(scaled.code, 0, scaled.err);
    assert.match(scaled.out, /^web\/2 +running/m);
    assert.equal((await world.json<ServiceView>('scale', 'web', '1')).wanted, 1);
    const wrong = await world.run('scale', 'web', 'many');
    assert.deepEqual([wrong.code, wrong.out], [2, '']);
    assert.match(wrong.err, /Write a whole number from 0 to 1000/);
  });

  test('names that are not there, with what was probably meant', async () => {
    await using world = await worldWith(three);
    for (const argv of [
      ['ps', 'wrker'],
      ['describe', 'wrker'],
      ['why', 'wrker'],
      ['logs', 'wrker'],
      ['stop', 'wrker'],
      ['scale', 'wrker', '2'],
      ['events', 'wrker'],
    ]) {
      const { code, err } = await world.run(...argv);
      assert.equal(code, 2, argv.join(' '));
      assert.match(err, /^Error: There is no service "wrker"; did you mean worker\?$/m, argv.join(' '));
    }
    assert.match((await world.run('why', 'web/7')).err, /no instance web\/7; there are web\/0, web\/1/);
    assert.match((await world.run('stop', 'web/0')).err, /stop works on whole services.*write web$/m);
    assert.match((await world.run('stop')).err, /Name the services to stop, or write --all/);
    assert.equal((await world.run('stop', 'web', '--all')).code, 2);
    assert.equal(await stateOf(world, 'web'), 'running');
  });

  test('failures are JSON, too, where that was asked for', async () => {
    await using world = await worldWith(three);
    const unknown = await world.run('why', 'nobody', '--json');
    assert.equal(
      (JSON.parse(unknown.out) as { error: { code: string } }).error.code,
      'SUPERVISOR_UNKNOWN_SERVICE',
    );
    const usage = await world.run('ps', '--colour', '--json');
    assert.deepEqual([usage.code, usage.err], [2, '']);
    assert.deepEqual(JSON.parse(usage.out), {
      error: { code: 'CLI_USAGE', message: "unknown option '--colour'", details: {} },
    });
  });

  test('top without a terminal is a table for each look', async () => {
    await using world = await worldWith(three);
    const { code, out } = await world.run('top', '--count', '2', '--interval', '200ms', '--sort', 'name');
    assert.equal(code, 0);
    assert.equal(out.split('\n').filter((line) => line.startsWith('SERVICE')).length, 2);
    const [first] = (await world.run('top', '--json')).out.trim().split('\n');
    assert.equal((JSON.parse(first ?? '') as { services: unknown[] }).services.length, 3);
  });

  test('metrics, as Prometheus reads them and as JSON', async () => {
    await using world = await worldWith(three);
    const page = (await world.run('metrics')).out;
    assert.match(page, /^mainstay_service_up\{service="web",instance="1"\} 1$/m);
    const samples =
      await world.json<{ name: string; labels: { service?: string }; value: number }[]>('metrics');
    assert.ok(
      samples.some(
        ({ name, labels, value }) =>
          name === 'mainstay_service_up' && labels.service === 'worker' && value === 1,
      ),
    );
  });

  test('alerts test tells of each target whether it got the alert', async () => {
    await using world = await AgentWorld.open();
    world.write(three, { alerts: { to: [{ command: ['true'] }, { command: ['false'] }] } });
    assert.equal((await world.run('apply')).code, 0);
    const { code, out } = await world.run('alerts', 'test');
    assert.equal(code, 1);
    assert.match(out, /true.*: arrived\n.*false.*: .*1/);
    const targets = await world.json<{ problem?: string }[]>('alerts', 'test');
    assert.deepEqual(
      targets.map(({ problem }) => problem === undefined),
      [true, false],
    );
    world.write(three);
    assert.equal((await world.run('apply')).code, 0);
    const none = await world.run('alerts', 'test');
    assert.equal(none.code, 1);
    assert.match(none.err, /no targets for alerts/);
  });

  test('validation knows what the agent holds already, and what this machine cannot', async () => {
    await using world = await AgentWorld.open();
    const server = createServer();
    await new Promise<void>((resolve) => {
      server.listen(0, '127.0.0.1', resolve);
    });
    const { port } = server.address() as AddressInfo;
    try {
      world.write({ a: { exec: stays, listen: `127.0.0.1:${port}` } });
      const taken = await world.run('validate');
      assert.equal(taken.code, 6);
      assert.match(taken.err, new RegExp(`port ${port}, which another program has taken`));
    } finally {
      await new Promise((resolve) => server.close(resolve));
    }
    assert.equal((await world.run('apply')).code, 0);
    assert.equal((await world.run('validate')).code, 0, 'the port is our own');
    world.write({ a: { exec: stays, stop: { window: true } } });
    const refused = await world.run('validate', '--json');
    assert.equal(refused.code, 6);
    const { problems } = JSON.parse(refused.out) as { problems: { message: string; column: number }[] };
    assert.match(problems[0]?.message ?? '', /services\.a\.stop cannot be done here/);
    assert.ok((problems[0]?.column ?? 0) > 1, 'at its place');
  });
});

suite('the logs of a running agent', options, () => {
  test('of all, of some, of one instance; of what was written since', async () => {
    await using world = await worldWith(three);
    await until(
      async () => (await world.run('logs')).out,
      (out) => /web\/0/.test(out) && /web\/1/.test(out) && /worker/.test(out) && /done/.test(out),
    );
    const all = (await world.run('logs')).out;
    assert.match(all, /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3} web\/1#1 \| hello from web\/1$/m);
    const one = (await world.run('logs', 'web/1')).out;
    assert.equal(one.trim().split('\n').length, 1);
    assert.equal((await world.run('logs', 'web', '--instance', '1')).out, one);
    assert.equal((await world.run('logs', 'web/1', '--raw')).out, 'hello from web/1\n');
    assert.deepEqual(
      (await world.json<{ service: string; instance: number; run: number; text: string }>('logs', 'web/0'))
        .text,
      'hello from web/0',
    );
    assert.equal((await world.run('logs', '--since', '2099-01-01')).out, '');
    assert.match((await world.run('logs', 'web/0', 'worker')).err, /cannot be shown together/);
    world.write({ worker: three.worker, web: three.web });
    assert.equal((await world.run('apply', '--yes')).code, 0);
  });

  test('-f goes on with several services until Ctrl-C, which is no failure', async () => {
    await using world = await worldWith(three);
    const following = world.begin('logs', '-f', 'web', 'worker');
    await until(following.said, (said) => /web\/1#1/.test(said) && /worker\/0#1/.test(said));
    assert.equal((await world.run('restart', 'worker')).code, 0);
    await until(following.said, (said) => /worker\/0#2 \| hello from worker\/0/.test(said));
    following.interrupt();
    assert.equal((await following.ended).code, 0);
  });

  test('events tells what happens, until Ctrl-C', async () => {
    await using world = await worldWith(three);
    const following = world.begin('events', 'worker');
    const json = world.begin('events', '--json');
    await until(
      async () => {
        await world.run('restart', 'worker', 'web');
        return [following.said(), json.said()];
      },
      (said) => said.every((text) => text.includes('worker')),
    );
    assert.match(following.said(), /worker\/0#\d+ was started \(manual\), pid \d+/);
    assert.doesNotMatch(following.said(), /web/);
    for (const line of json.said().trim().split('\n')) assert.ok('type' in (JSON.parse(line) as object));
    following.interrupt();
    json.interrupt();
    assert.deepEqual([(await following.ended).code, (await json.ended).code], [0, 0]);
  });
});

suite('without an agent', options, () => {
  test('each command says so, and how to start one', async () => {
    await using world = new AgentWorld();
    for (const argv of [
      ['ps'],
      ['top'],
      ['logs'],
      ['why', 'x'],
      ['stop', 'x'],
      ['metrics'],
      ['alerts', 'test'],
    ]) {
      const { code, err } = await world.run(...argv, '--socket', 'nowhere/agent.sock');
      assert.notEqual(code, 0, argv.join(' '));
      assert.match(err, /No agent listens on .*nowhere\/agent\.sock; start one with `mainstay up`/);
    }
  });
});
