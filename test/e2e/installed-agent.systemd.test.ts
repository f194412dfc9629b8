// The agent as a built executable, installed by its own command on a machine without Node, and taken through its life.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';

import { startUserManager } from '../systemd/run-inside.ts';
import { SystemdMachine } from '../systemd/systemd.ts';
import { AgentMachine, told, until } from './installed-agent/agent-machine.ts';
import { makeBuilds } from './installed-agent/builds.ts';
import { TemporaryFolder } from './newcomer.ts';

const builds = '/opt/builds';
const manifestFile = '/root/mainstay.yaml';
const alertsFile = '/var/tmp/alerts';
/** Writes a number a line, and leaves in a file which was the last that it had written. */
const counter = `use strict; open(my $f, '>', "/var/tmp/count.$ENV{MAINSTAY_RUN}") or die; $| = 1;
for (my $i = 1; ; $i++) { print "number $i\\n"; sysseek($f, 0, 0); syswrite($f, "$i\\n"); select(undef, undef, undef, 0.02) }`;

const manifest = `
alerts: { to: [{ command: [sh, -c, "cat >>${alertsFile}; echo >>${alertsFile}"] }] }
metrics: { listen: 9464 }
services:
  counter:
    exec: [perl, /opt/counter.pl]
    limits: { memory: { hard: 64MB }, processes: 20 }
  shop:
    service: ${builds}/shop
    instances: 2
    env: { PORT: "8080" }
  plain:
    exec: [sh, -c, "echo plain begins; while :; do echo plain goes on; sleep 0.2; done"]
    runner: native
    limits: { memory: { hard: 64MB }, processes: 20 }
  store:
    service: ${builds}/shop
    runner: native
    env: { PORT: "8081" }
    health: { interval: 300ms, failures: 3 }
`;

describe('an installed agent', () => {
  let folder: TemporaryFolder;
  let machine: SystemdMachine;
  let agent: AgentMachine;
  before(async () => {
    folder = await TemporaryFolder.make();
    await makeBuilds(folder.path);
    machine = await SystemdMachine.boot({ binds: { [builds]: folder.path } });
    await machine.systemctl('log-target', 'journal');
    await machine.writeFile('/opt/counter.pl', counter);
    await machine.writeFile(manifestFile, manifest);
    await machine.run('useradd', 'ann');
    agent = new AgentMachine(machine, `${builds}/mainstay`);
  });
  after(async () => {
    await machine?.[Symbol.asyncDispose]();
    await folder?.[Symbol.asyncDispose]();
  });

  const unitOf = (name: string) => `/etc/systemd/system/${name}.service`;
  const killAgent = async () => {
    const pid = await agent.pid();
    await machine.run('kill', '-KILL', String(pid));
    await until('another agent', async () => {
      const now = await agent.pid();
      return now !== 0 && now !== pid;
    });
  };
  /** Per run: what is in the log, and the last that was written for certain. */
  const assertNothingLost = async () => {
    const numbers = new Map<number, number[]>();
    for (const { run, text } of await agent.logs('counter', 100_000))
      numbers.set(run, [...(numbers.get(run) ?? []), Number(text.split(' ')[1])]);
    for (const [run, found] of numbers) {
      assert.deepEqual(
        found,
        [...found.keys()].map((index) => index + 1),
        `run ${run} is without a gap`,
      );
      const written = Number(await machine.run('cat', `/var/tmp/count.${run}`));
      // Of the run that goes on, the log was read first.
      if (run !== Math.max(...numbers.keys()))
        assert.ok(found.length >= written, `${found.length} of ${written}`);
    }
    return numbers.size;
  };

  it('installs itself: ready, delegated, for root alone', async () => {
    assert.match(await agent.mainstay('agent', 'install'), /Installed the agent/);
    agent = new AgentMachine(machine, '/usr/local/bin/mainstay');
    const shown = await machine.show(
      'mainstay-agent',
      'Type',
      'Delegate',
      'KillMode',
      'ActiveState',
      'UnitFileState',
    );
    assert.deepEqual(shown, {
      Type: 'notify',
      Delegate: 'yes',
      KillMode: 'process',
      ActiveState: 'active',
      UnitFileState: 'enabled',
    });
    const verified = await machine.exec(['systemd-analyze', 'verify', '--man=no', unitOf('mainstay-agent')]);
    assert.equal(verified.stderr, '');
    assert.equal(await agent.modeOf('/run/mainstay'), '700 root');
    assert.equal(await agent.modeOf('/run/mainstay/agent.sock'), '600 root');
    assert.equal(await agent.modeOf('/var/lib/mainstay'), '700 root');
    assert.equal(await agent.modeOf('/var/log/mainstay'), '700 root');
    const ann = await machine.exec([
      'setpriv',
      '--reuid=ann',
      '--regid=ann',
      '--clear-groups',
      '/usr/local/bin/mainstay',
      'ps',
    ]);
    assert.notEqual(ann.code, 0);
  });

  it('runs a manifest, and tells of it', async () => {
    await agent.mainstay('apply', '-f', manifestFile, '--yes');
    await agent.running();
    for (const port of [8080, 8081]) assert.match(await agent.get(port, '/'), /"pid":\d+/);
    assert.match((await agent.why('plain')).sentence, /^plain\/0 has been running for/);
    assert.match(await agent.mainstay('describe', 'plain'), /Runner +native/);
    const metrics = await agent.get(9464, '/metrics');
    for (const name of ['counter', 'shop', 'plain', 'store'])
      assert.match(metrics, new RegExp(`^mainstay_service_up\\{.*service="${name}".*\\} 1$`, 'm'));
    const evidence = await until('lines of the journal', async () => {
      const lines = (await agent.logs('plain', 100)).map(({ text }) => text);
      return lines.includes('plain begins') && lines;
    });
    assert.ok(
      evidence.every((text) => /^plain (?:begins|goes on)$/.test(text)),
      'of the program alone',
    );
    const names = new Set((await agent.logs('store', 50)).map(({ service }) => service));
    assert.deepEqual([...names], ['store']);
    assert.ok((await agent.why('plain')).evidence.some(({ label }) => label === 'output'));
  });

  it('holds limits by the cgroups that were delegated to it', async () => {
    const { 'counter/0': pid = 0, 'plain/0': native } = await agent.running();
    const cgroups = await machine.run('cat', `/proc/${pid}/cgroup`);
    const [, own] = /^\d+:memory:(.*)$/m.exec(cgroups) ?? [];
    assert.match(own ?? '', /^\/system\.slice\/mainstay-agent\.service\//);
    const bound = await machine.run('cat', `/sys/fs/cgroup/memory${own}/memory.limit_in_bytes`);
    assert.ok(Math.abs(Number(bound) - 64e6) < 4096, bound);
    assert.match(await machine.run('cat', `/proc/${native}/cgroup`), /mainstay-plain-0\.service/);
    assert.equal((await machine.show('mainstay-plain-0', 'TasksMax'))['TasksMax'], '20');
  });

  it('killed, it comes again: native services have the same processes, nothing is lost or left', async () => {
    const first = await agent.running();
    const firstRun = (await agent.service('counter')).instances[0]?.run ?? 0;
    await killAgent();
    const second = await agent.running();
    assert.deepEqual([second['plain/0'], second['store/0']], [first['plain/0'], first['store/0']]);
    for (const name of ['counter/0', 'shop/0', 'shop/1']) {
      assert.notEqual(second[name], first[name]);
      assert.equal(await agent.isAlive(first[name] ?? 0), false, `${name} is no orphan`);
    }
    assert.equal((await agent.service('counter')).instances[0]?.run, firstRun + 1);
    assert.match((await agent.why('counter')).sentence, /since the agent was started again \(run 2\)/);
    assert.match((await agent.why('store')).sentence, /taken over from an earlier agent/);
    assert.equal(await assertNothingLost(), 2);
  });

  it('an upgrade leaves native services alone, and restarts the others', async () => {
    const first = await agent.running();
    const upgrade = await agent.mainstay('agent', 'install', '--executable', `${builds}/mainstay-next`);
    assert.match(upgrade, /native ones ran on/);
    const second = await agent.running();
    assert.deepEqual([second['plain/0'], second['store/0']], [first['plain/0'], first['store/0']]);
    assert.notEqual(second['shop/0'], first['shop/0']);
    assert.equal(await assertNothingLost(), 3);
  });

  it('a version that does not start is taken back', async () => {
    const first = await agent.running();
    const refused = await agent.call('agent', 'install', '--executable', `${builds}/mainstay-broken`);
    assert.notEqual(refused.code, 0);
    assert.match(refused.stderr, /not installed, and what was there before is in place/, told(refused));
    const second = await agent.running();
    assert.deepEqual([second['plain/0'], second['store/0']], [first['plain/0'], first['store/0']]);
    assert.doesNotMatch(await machine.run('ls', '/opt/mainstay-agent/versions'), /9\.9\.9/);
  });

  it('a native service that fails its probes is restarted by systemd, with a log entry and an alert', async () => {
    const { 'store/0': sick = 0 } = await agent.running();
    await agent.get(8081, '/sick');
    const healed = await until('another process of store', async () => {
      const pid = (await agent.running())['store/0'];
      return pid !== sick && pid;
    });
    assert.equal(Number((await machine.show('mainstay-store-0', 'MainPID'))['MainPID']), healed);
    assert.match((await agent.why('store')).sentence, /its liveness probe failed 3 times in a row/);
    const journal = await machine.journal('mainstay-agent');
    assert.match(journal, /"of":"store\/0".*"probe":"liveness".*"A probe has failed too often"/);
    await until('the alert', async () =>
      /fails its liveness probe/.test(await machine.run('cat', alertsFile)),
    );
  });

  it('what crashes while there is no agent is restarted by systemd, and taken over', async () => {
    const { 'plain/0': first = 0, 'counter/0': counted = 0 } = await agent.running();
    await agent.mainstay('agent', 'stop');
    assert.equal(await agent.isAlive(counted), false);
    assert.equal(await agent.isAlive(first), true);
    await machine.run('kill', '-KILL', String(first));
    const again = await until('another process of plain', async () => {
      const pid = Number((await machine.show('mainstay-plain-0', 'MainPID'))['MainPID']);
      return pid !== 0 && pid !== first && pid;
    });
    await agent.mainstay('agent', 'start');
    assert.equal((await agent.running())['plain/0'], again);
  });

  it('stops and removes native services, units and all', async () => {
    await agent.mainstay('stop', 'store');
    assert.equal((await machine.show('mainstay-store-0', 'ActiveState'))['ActiveState'], 'inactive');
    await machine.writeFile(manifestFile, manifest.slice(0, manifest.indexOf('  store:')));
    await agent.mainstay('apply', '-f', manifestFile, '--yes');
    await until('its unit is gone', async () => !(await agent.exists(unitOf('mainstay-store-0'))));
    assert.equal(await agent.exists(unitOf('mainstay-plain-0')), true);
  });

  it('uninstall leaves nothing', async () => {
    const pids = Object.values(await agent.running());
    const own = new AgentMachine(machine, `${builds}/mainstay`);
    await own.mainstay('agent', 'uninstall', '--purge');
    for (const pid of pids) assert.equal(await agent.isAlive(pid), false);
    const places = [
      '/etc/systemd/system',
      '/run',
      '/var/lib',
      '/var/log',
      '/opt',
      '/etc',
      '/usr/local/bin',
      '/sys/fs/cgroup',
    ];
    const left = await machine.run('find', ...places, '-xdev', '-name', '*mainstay*');
    assert.equal(left, '');
    assert.equal((await machine.exec(['pgrep', '-f', 'mainstay'])).code, 1);
    assert.equal((await own.call('agent', 'status')).code, 5);
  });

  it("a user's agent has what a user may have", async () => {
    const as = await startUserManager(machine, 'bob');
    const bob = new AgentMachine(machine, `${builds}/mainstay`, as);
    await bob.mainstay('agent', 'install', '--user');
    const [runtime] = as.flatMap((word) => /^XDG_RUNTIME_DIR=(.*)/.exec(word)?.[1] ?? []);
    assert.equal(await bob.modeOf(`${runtime}/mainstay/agent.sock`), '600 bob');
    const write = (limits: string) =>
      machine.writeFile(
        '/home/bob/mainstay.yaml',
        `services: { a: { exec: [sleep, "1000"]${limits} }, b: { exec: [sleep, "1000"], runner: native } }`,
      );
    await write(', limits: { memory: { hard: 64MB } }');
    const refused = await bob.call('apply', '-f', '/home/bob/mainstay.yaml', '--yes');
    assert.notEqual(refused.code, 0);
    assert.match(refused.stderr, /memory.*(?:control group|cgroup)/s, told(refused));
    await write('');
    await bob.mainstay('apply', '-f', '/home/bob/mainstay.yaml', '--yes');
    const pids = await bob.running();
    assert.match(await machine.run('ps', '-o', 'user=', '-p', String(pids['a/0'])), /bob/);
    assert.notEqual(
      (
        await new AgentMachine(machine, `${builds}/mainstay`).call(
          'ps',
          '--socket',
          `${runtime}/mainstay/agent.sock`,
        )
      ).code,
      0,
    );
    await bob.mainstay('agent', 'uninstall', '--user', '--purge');
    for (const pid of Object.values(pids)) assert.equal(await bob.isAlive(pid), false);
    assert.equal(await machine.run('find', '/home/bob', runtime ?? '', '-name', '*mainstay-*'), '');
  });
});

it('without controllers in its cgroups, limits are refused with the reason', async () => {
  await using folder = await TemporaryFolder.make();
  await makeBuilds(folder.path);
  await using machine = await SystemdMachine.boot({ binds: { [builds]: folder.path }, cgroup: 'unified' });
  const agent = new AgentMachine(machine, `${builds}/mainstay`);
  await agent.mainstay('agent', 'install');
  for (const runner of ['process', 'native']) {
    await machine.writeFile(
      manifestFile,
      `services: { a: { exec: [sleep, "1000"], runner: ${runner}, limits: { memory: { hard: 64MB } } } }`,
    );
    const refused = await agent.call('apply', '-f', manifestFile, '--yes');
    assert.notEqual(refused.code, 0);
    assert.match(refused.stderr, /memory controller here|cgroup controller memory here/, told(refused));
  }
});
