import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { HostKind } from '@mainstay/core';
import { detectHost, explainHost, type HostFacts } from '../../src/index.ts';

interface Case extends Partial<HostFacts> {
  readonly what: string;
  readonly is: HostKind;
}

const onTerminal = (): boolean => true;

const failIfAsked = (): boolean => assert.fail('asked');

const cases: readonly Case[] = [
  { what: 'a shell on Linux', isTerminal: onTerminal, is: 'terminal' },
  { what: 'a pipe on Linux', is: 'terminal' },
  {
    what: 'a child of a supervisor',
    env: { MAINSTAY_HOST: 'supervisor' },
    hasIpcChannel: true,
    is: 'supervisor',
  },
  {
    what: 'a grandchild, which inherits the variable but no channel',
    env: { MAINSTAY_HOST: 'supervisor' },
    is: 'terminal',
  },
  { what: "somebody else's IPC channel", hasIpcChannel: true, is: 'terminal' },
  {
    what: 'a child of a supervisor that is itself a systemd service',
    env: { MAINSTAY_HOST: 'supervisor', NOTIFY_SOCKET: '/run/systemd/notify' },
    hasIpcChannel: true,
    is: 'supervisor',
  },
  {
    what: 'Type=notify',
    env: { NOTIFY_SOCKET: '/run/systemd/notify', SYSTEMD_EXEC_PID: '500' },
    is: 'systemd',
  },
  {
    what: 'Type=notify behind a shell',
    env: { NOTIFY_SOCKET: '@x', SYSTEMD_EXEC_PID: '499' },
    is: 'systemd',
  },
  { what: 'Type=simple', env: { SYSTEMD_EXEC_PID: '500' }, is: 'systemd' },
  { what: 'a shell below a unit', env: { SYSTEMD_EXEC_PID: '499', INVOCATION_ID: 'x' }, is: 'terminal' },
  { what: 'podman with sdnotify=container', pid: 1, env: { NOTIFY_SOCKET: '/run/notify' }, is: 'systemd' },
  {
    what: "systemd's variables on another system",
    platform: 'darwin',
    env: { NOTIFY_SOCKET: 'x' },
    is: 'terminal',
  },
  { what: 'docker run', pid: 1, is: 'container' },
  { what: 'docker run -t', pid: 1, isTerminal: onTerminal, is: 'container' },
  {
    what: 'a pod with a shared process namespace',
    env: { KUBERNETES_SERVICE_HOST: '10.0.0.1' },
    is: 'container',
  },
  { what: 'podman run --init', env: { container: 'podman' }, is: 'container' },
  { what: 'a shell in a container', env: { container: 'lxc' }, isTerminal: onTerminal, is: 'terminal' },
  {
    what: 'a launchd job',
    platform: 'darwin',
    ppid: 1,
    env: { XPC_SERVICE_NAME: 'dev.orders' },
    is: 'launchd',
  },
  {
    what: 'a child of a launchd job',
    platform: 'darwin',
    env: { XPC_SERVICE_NAME: 'dev.orders' },
    is: 'terminal',
  },
  { what: 'a shell on macOS', platform: 'darwin', ppid: 1, env: { XPC_SERVICE_NAME: '0' }, is: 'terminal' },
  {
    what: 'a program started by an app on macOS',
    platform: 'darwin',
    ppid: 1,
    env: { XPC_SERVICE_NAME: 'application.com.apple.Terminal.1' },
    is: 'terminal',
  },
  { what: 'session 0 on Windows', platform: 'win32', is: 'scm' },
  { what: 'a console on Windows', platform: 'win32', isTerminal: onTerminal, is: 'terminal' },
  { what: 'a pipe in a Windows session, until the SCM says no', platform: 'win32', is: 'scm' },
];

describe('detectHost', () => {
  for (const { what, is, ...facts } of cases) {
    it(`${what} → ${is}`, () => {
      const plain: HostFacts = {
        env: {},
        platform: 'linux',
        pid: 500,
        ppid: 400,
        hasIpcChannel: false,
        isTerminal: () => false,
      };
      assert.equal(detectHost({ ...plain, ...facts }), is);
      assert.match(explainHost({ ...plain, ...facts }).reason, /\w+ \w+/);
    });
  }

  it('asks for the terminal only where it decides, because the answer costs milliseconds', () => {
    const facts = { platform: 'linux', ppid: 1, hasIpcChannel: false, isTerminal: failIfAsked } as const;
    assert.equal(detectHost({ ...facts, env: {}, pid: 500 }), 'terminal');
    assert.equal(detectHost({ ...facts, env: { NOTIFY_SOCKET: 'x' }, pid: 500 }), 'systemd');
    assert.equal(detectHost({ ...facts, env: {}, pid: 1 }), 'container');
  });
});
