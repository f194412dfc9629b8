import assert from 'node:assert/strict';
import { test } from 'node:test';

import * as fc from 'fast-check';

import {
  importEcosystem,
  importUnit,
  importWinsw,
  writeManifest,
  type Imported,
  type ImportedService,
} from '../../src/import/index.ts';
import { splitPosix, splitWindows } from '../../src/import/command-line.ts';
import { readTimeSpan } from '../../src/import/unit-file.ts';
import { manifestOf } from '../manifest/reading.ts';

const pm2 = (value: unknown, env?: string): Imported =>
  importEcosystem(value, { folder: '/app', env, cores: 4 });

/** What the parser makes of what is written. */
async function written(imported: Imported) {
  const text = writeManifest(imported, 'x');
  const manifest = await manifestOf(text);
  return { text, manifest, services: manifest.services };
}

function only({ services }: Imported): ImportedService {
  assert.equal(services.length, 1);
  const [service] = services;
  assert.ok(service);
  return service;
}

test('pm2: an ecosystem file with most of its keys', async () => {
  const imported = pm2(
    {
      apps: [
        {
          name: 'Orders API',
          script: 'dist/main.js',
          args: '--port 80 "a b"',
          node_args: ['--max-old-space-size=200'],
          cwd: '/srv/orders',
          env: { PORT: 80, PATTERN: '${HOME}/x' },
          env_production: { NODE_ENV: 'production' },
          env_staging: { NODE_ENV: 'staging' },
          instances: 'max',
          exec_mode: 'cluster',
          max_memory_restart: '300M',
          exp_backoff_restart_delay: 100,
          max_restarts: 10,
          min_uptime: '5s',
          kill_timeout: 3000,
          cron_restart: '0 4 * * *',
          stop_exit_codes: [3],
          watch: true,
          out_file: '/var/log/x',
          frobnicate: 1,
        },
        { name: 'job', script: 'job.py', autorestart: false, watch: false },
      ],
    },
    'production',
  );
  const { services, text } = await written(imported);
  const [orders, job] = services;
  assert.deepEqual(orders?.program, {
    type: 'exec',
    command: 'node',
    args: ['--max-old-space-size=200', 'dist/main.js', '--port', '80', 'a b'],
  });
  assert.equal(orders.name, 'orders-api');
  assert.equal(orders.cwd, '/srv/orders');
  assert.equal(orders.instances, 4);
  assert.equal(orders.env.NODE_ENV, 'production');
  assert.equal(orders.limits.memorySoftBytes, 300 * 1024 ** 2);
  assert.deepEqual([orders.restart.backoffMinMs, orders.restart.backoffMaxMs], [100, 15_000]);
  assert.equal(orders.restart.stableMs, 5000);
  assert.equal(orders.restart.crashLoopStarts, 10);
  assert.equal(orders.restart.schedule, '0 4 * * *');
  assert.deepEqual(orders.restart.neverOn, [3]);
  assert.equal(orders.stop.graceMs, 3000);
  assert.deepEqual(job?.program, { type: 'exec', command: 'python', args: ['job.py'] });
  assert.equal(job.restart.policy, 'never');
  for (const key of ['watch', 'out_file', 'frobnicate', 'env_staging'])
    assert.match(text, new RegExp(`# NOTE ${key}.* was not carried over`), key);
  assert.deepEqual(only({ services: imported.services.slice(1) }).notes, []);
  // A dollar and a brace are no placeholder to pm2.
  assert.match(text, /PATTERN: \$\$\{HOME\}\/x/);
});

test('pm2: other forms of the file and of its values', async () => {
  assert.equal(only(pm2([{ script: './a.sh' }])).name, 'a');
  assert.equal(only(pm2({ script: 'npm start', name: 'web' })).name, 'web');
  const exec = (app: object) => only(pm2([app])).keys.exec;
  assert.deepEqual(exec({ script: 'npm start' }), ['npm', 'start']);
  const line = only(pm2([{ script: 'echo hi && sleep 1', name: 'line', args: ['lost'] }]));
  assert.deepEqual(line.keys.exec, ['bash', '-c', 'echo hi && sleep 1']);
  assert.match(line.notes.join(), /a line for a shell[\s\S]*args: \S*lost/);
  assert.deepEqual(exec({ script: './run', interpreter: 'none', args: ['x'] }), ['./run', 'x']);
  assert.deepEqual(exec({ script: 'a.ts', interpreter: 'bun' }), ['bun', 'a.ts']);
  assert.equal(only(pm2([{ script: 'a.js', instances: -1 }])).keys.instances, 3);
  assert.equal(only(pm2([{ script: 'a.js', instances: 1 }])).keys.instances, undefined);
  const names = pm2([{ script: 'a.js' }, { script: 'a.js' }, { name: 'CON', script: 'a.js' }]).services;
  assert.deepEqual(
    names.map(({ name }) => name),
    ['a', 'a-2', 'service-con'],
  );
});

const unit = `# comment
[Unit]
Description=Orders
After=network.target db.service
Requires=db.service missing.service
StartLimitIntervalSec=30
StartLimitBurst=4

[Service]
Type=notify
ExecStartPre=/bin/true
ExecStart=/usr/bin/orders --name "two words" \\
  # between
  --last
Environment=A=1 "B=two words"
Environment=C=3
EnvironmentFile=/etc/orders.env
WorkingDirectory=/srv/orders
User=orders
Restart=on-failure
RestartSec=2
RestartPreventExitStatus=3 SIGKILL
SuccessExitStatus=143
TimeoutStopSec=1min 30s
KillSignal=INT
ExecReload=/bin/kill -HUP $MAINPID
MemoryHigh=100M
MemoryMax=1G
CPUQuota=150%
TasksMax=64
LimitNOFILE=4096:8192
Nice=5
ProtectSystem=strict

[Install]
WantedBy=multi-user.target
`;

test('systemd: a unit with its socket', async () => {
  const service = importUnit(
    { name: 'orders.service', text: unit, socket: '[Socket]\nListenStream=8080\nListenStream=/run/x\n' },
    new Set(['db']),
  );
  const envFile = { ...service, keys: { ...service.keys, envFile: 'a.env' } };
  const db = importUnit(
    { name: 'db.service', text: '[Service]\nExecStart=/bin/db\n', socket: undefined },
    new Set(),
  );
  const { services, text } = await written({ services: [envFile, db] });
  const [orders] = services;
  assert.deepEqual(service.keys.envFile, ['/etc/orders.env']);
  assert.deepEqual(orders?.program, {
    type: 'exec',
    command: '/usr/bin/orders',
    args: ['--name', 'two words', '--last'],
  });
  assert.deepEqual([orders.env.A, orders.env.B, orders.env.C], ['1', 'two words', '3']);
  assert.equal(orders.cwd, '/srv/orders');
  assert.equal(orders.user, 'orders');
  assert.deepEqual(orders.listen, [{ name: '8080', host: '::', port: 8080 }]);
  const { restart } = orders;
  assert.deepEqual([restart.policy, restart.backoffMinMs, restart.crashLoopStarts], ['on-failure', 2000, 4]);
  assert.deepEqual([restart.neverOn, restart.successOn, restart.crashLoopWindowMs], [[3], [143], 30_000]);
  assert.deepEqual(orders.stop, {
    by: { type: 'signal', signal: 'SIGINT' },
    graceMs: 90_000,
    reloadSignal: 'SIGHUP',
  });
  assert.deepEqual(orders.limits, {
    memorySoftBytes: 100 * 1024 ** 2,
    memoryHardBytes: 1024 ** 3,
    reclaimMs: 60_000,
    cpuPercent: 150,
    processes: 64,
    openFiles: 4096,
    openFilesAlertShare: 0.9,
    priority: 'low',
  });
  assert.deepEqual(orders.dependsOn, [{ service: 'db', condition: 'started' }]);
  for (const key of [
    'Service.ExecStartPre',
    'Service.ProtectSystem',
    'Requires: missing',
    'Socket.ListenStream',
    'RestartPreventExitStatus: SIGKILL',
  ])
    assert.match(text, new RegExp(`# NOTE ${key}.* was not carried over`), key);
  assert.match(text, /Type=notify/);
});

test('systemd: how it is stopped', () => {
  const stopOf = (lines: string) =>
    importUnit(
      { name: 'a.service', text: `[Service]\nExecStart=/a\n${lines}`, socket: undefined },
      new Set(),
    );
  assert.deepEqual(stopOf('ExecStop=/bin/kill -s QUIT $MAINPID').keys.stop, { signal: 'SIGQUIT' });
  assert.deepEqual(stopOf('ExecStop=/usr/bin/a --stop "now please"').keys.stop, {
    command: ['/usr/bin/a', '--stop', 'now please'],
  });
  assert.match(stopOf('KillSignal=SIGKILL').notes.join(), /KillSignal: SIGKILL was not carried over/);
  assert.match(
    stopOf('ExecStop=/bin/bye\nKillSignal=INT').notes.join(),
    /KillSignal: INT was not carried over/,
  );
  assert.deepEqual(stopOf('KillMode=mixed').notes, []);
  assert.match(stopOf('KillMode=none').notes.join(), /KillMode: none was not carried over/);
  assert.equal(stopOf('').keys.restart && JSON.stringify(stopOf('').keys.restart), '{"policy":"never"}');
});

test('systemd: time spans', () => {
  assert.deepEqual(['5', '1min 20s', '500ms', '1h30min', 'infinity', '3 bananas'].map(readTimeSpan), [
    5000,
    80_000,
    500,
    5_400_000,
    undefined,
    undefined,
  ]);
});

const winsw = `<?xml version="1.0" encoding="utf-8"?>
<service>
  <id>OrdersApi</id>
  <name>Orders</name>
  <executable>C:\\Program Files\\orders\\orders.exe</executable>
  <arguments>--name "two words" C:\\x\\</arguments>
  <workingdirectory>C:\\srv</workingdirectory>
  <env name="PORT" value="80"/>
  <env name="HOME_DIR" value="%BASE%\\home"/>
  <onfailure action="restart" delay="10 sec"/>
  <onfailure action="restart" delay="20 sec"/>
  <onfailure action="reboot"/>
  <resetfailure>1 hour</resetfailure>
  <stoptimeout>20sec</stoptimeout>
  <stopexecutable>C:\\stop.exe</stopexecutable>
  <stoparguments>--all</stoparguments>
  <priority>belownormal</priority>
  <log mode="roll-by-size"><sizeThreshold>1024</sizeThreshold><keepFiles>4</keepFiles></log>
  <startmode>Manual</startmode>
  <depend>Db</depend>
  <depend>Tcpip</depend>
  <serviceaccount><username>me</username><password>hunter2</password></serviceaccount>
  <download from="http://x/" to="y"/>
</service>`;

test('WinSW', async () => {
  const service = importWinsw(winsw, new Set(['db']), 'C:\\base');
  const db = importWinsw('<service><id>db</id><executable>db.exe</executable></service>', new Set(), '');
  const { services, text } = await written({ services: [service, db] });
  const [orders] = services;
  assert.equal(orders?.name, 'ordersapi');
  assert.deepEqual(orders.program, {
    type: 'exec',
    command: 'C:\\Program Files\\orders\\orders.exe',
    args: ['--name', 'two words', 'C:\\x\\'],
  });
  assert.equal(service.keys.cwd, 'C:\\srv');
  assert.deepEqual(orders.env, { PORT: '80', HOME_DIR: 'C:\\base\\home' });
  const { restart } = orders;
  assert.deepEqual(
    [restart.backoffMinMs, restart.backoffMaxMs, restart.stableMs],
    [10_000, 20_000, 3_600_000],
  );
  assert.deepEqual(orders.stop.by, { type: 'command', command: ['C:\\stop.exe', '--all'] });
  assert.equal(orders.stop.graceMs, 20_000);
  assert.equal(orders.limits.priority, 'low');
  assert.equal(orders.autoStart, false);
  assert.deepEqual([orders.logs.rotateBytes, orders.logs.keep], [1024 ** 2, 4]);
  assert.deepEqual(orders.dependsOn, [{ service: 'db', condition: 'started' }]);
  for (const key of ['onfailure: reboot', 'depend: Tcpip', 'download', 'serviceaccount'])
    assert.match(text, new RegExp(`# NOTE ${key}.* was not carried over`), key);
  assert.doesNotMatch(text, /hunter2/);
  assert.throws(() => importWinsw('<other/>', new Set(), ''), /no <service> element/);
});

test('command lines are taken apart by the rules of their system', () => {
  assert.deepEqual(splitPosix(`a 'b c' "d \\"e\\"" f\\ g '' h"i"j`), ['a', 'b c', 'd "e"', 'f g', '', 'hij']);
  assert.deepEqual(splitWindows(`a "b c" d\\e "f\\\\" \\"g\\" "" "h""i"`), [
    'a',
    'b c',
    'd\\e',
    'f\\',
    '"g"',
    '',
    'h"i',
  ]);
});

/** As CommandLineToArgvW takes it back (MSDN, "Everyone quotes command line arguments the wrong way"). */
const quoteWindows = (word: string): string =>
  `"${word.replace(/(\\*)("|$)/g, (_all, run: string, quote: string) => `${run}${run}${quote && '\\"'}`)}"`;

test('quoting is undone', () => {
  const word = fc.string({ unit: fc.constantFrom('a', ' ', '"', '\\', "'") });
  fc.assert(
    fc.property(fc.array(word), (parts) => {
      assert.deepEqual(splitWindows(parts.map(quoteWindows).join(' ')), parts);
      const posix = parts.map((part) => `'${part.replaceAll("'", `'"'"'`)}'`);
      assert.deepEqual(splitPosix(posix.join(' ')), parts);
    }),
  );
});

test('any values of pm2 and any unit give a manifest that is read', async () => {
  const scalar = fc.oneof(
    fc.string(),
    fc.integer(),
    fc.boolean(),
    fc.constantFrom(null, '${X}', '1h', 'a: b # c'),
  );
  const keys = [
    'name',
    'args',
    'instances',
    'restart_delay',
    'max_restarts',
    'min_uptime',
    'kill_timeout',
    'max_memory_restart',
    'stop_exit_codes',
    'interpreter',
    'watch',
    'exp_backoff_restart_delay',
  ];
  const app = fc
    .tuple(fc.dictionary(fc.constantFrom(...keys), scalar), fc.dictionary(fc.string(), scalar))
    .map(([some, env]) => ({ ...some, env, script: 'a.js' }));
  await fc.assert(
    fc.asyncProperty(fc.array(app, { minLength: 1, maxLength: 3 }), async (apps) => {
      const { services } = await written(pm2({ apps }));
      assert.equal(services.length, apps.length);
    }),
  );
  const lines = unit
    .split('\n')
    .filter((line) => /^(Restart|Start|Timeout|Memory|Tasks|Limit|Nice|Kill|CPU|Env)/.test(line));
  const value = fc.oneof(fc.constantFrom('5', '-1', '', 'infinity', '10%', 'a b', '"'), fc.string());
  const directive = fc.tuple(fc.constantFrom(...lines.map((line) => line.split('=')[0] ?? '')), value);
  await fc.assert(
    fc.asyncProperty(fc.array(directive), async (directives) => {
      const text = `[Service]\nExecStart=/a\n${directives.map(([key, one]) => `${key}=${one.replaceAll(/\s/g, ' ')}`).join('\n')}`;
      const service = importUnit({ name: 'a.service', text, socket: undefined }, new Set());
      await written({ services: [{ ...service, keys: { ...service.keys, envFile: undefined } }] });
    }),
  );
});
