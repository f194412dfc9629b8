import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { journalArguments, journalLine } from '../../src/systemd/journal.ts';
import { isReloading, parseShow, serviceInfo } from '../../src/systemd/show.ts';

const shown = (lines: string) => serviceInfo('orders', parseShow(lines));
const active =
  'LoadState=loaded\nActiveState=active\nSubState=running\nMainPID=7\nExecMainCode=0\nExecMainStatus=0\n';

describe('what systemctl shows', () => {
  it('of a service that runs', () => {
    const info = shown(
      `${active}StatusText=Running: 3 orders = done\nNRestarts=2\nUnitFileState=enabled\nFragmentPath=/etc/x\nStateChangeTimestamp=@1700000000`,
    );
    assert.deepEqual(info, {
      name: 'orders',
      state: 'running',
      pid: 7,
      enabled: true,
      exitCode: undefined,
      exitSignal: undefined,
      text: '3 orders = done',
      since: 1_700_000_000_000,
      restarts: 2,
      definition: '/etc/x',
    });
  });

  it('of one that is paused, pausing, reloading, or not ours', () => {
    const state = (text: string): string => shown(`${active}StatusText=${text}`).state;
    assert.deepEqual(
      ['Paused: x', 'Pausing', 'Resuming', 'Reloading', 'Stopped', 'free text', ''].map(state),
      ['paused', 'pause-pending', 'continue-pending', 'running', 'running', 'running', 'running'],
    );
    assert.equal(shown(`${active}StatusText=free text`).text, 'free text');
    assert.equal(isReloading(parseShow(`${active}StatusText=Reloading`)), true);
    assert.equal(isReloading(parseShow('ActiveState=reloading')), true);
    assert.equal(isReloading(parseShow(active)), false);
  });

  it('of one that failed', () => {
    const failed = 'LoadState=loaded\nActiveState=failed\nMainPID=0\nExecMainExitTimestamp=@1700000000\n';
    const crashed = shown(`${failed}Result=exit-code\nExecMainCode=1\nExecMainStatus=70`);
    assert.deepEqual(
      [crashed.state, crashed.exitCode, crashed.exitSignal, crashed.pid, crashed.text],
      ['failed', 70, undefined, undefined, 'Failed: exit-code'],
    );
    const killed = shown(`${failed}Result=watchdog\nExecMainCode=3\nExecMainStatus=6`);
    assert.deepEqual([killed.exitCode, killed.exitSignal], [undefined, 'SIGABRT']);
    const again = shown(
      'LoadState=loaded\nActiveState=activating\nSubState=auto-restart\nMainPID=0\nResult=exit-code',
    );
    assert.deepEqual(
      [again.state, again.text],
      ['start-pending', 'Failed: exit-code; systemd starts it again'],
    );
  });

  it('of one that is not there', () => {
    const info = shown('LoadState=not-found\nActiveState=inactive\nUnitFileState=');
    assert.deepEqual(
      [info.state, info.enabled, info.restarts, info.definition],
      ['not-installed', false, undefined, undefined],
    );
  });
});

describe('a line of the journal', () => {
  it('is what the service wrote, and with time and name what systemd says', () => {
    assert.equal(journalLine('{"MESSAGE":"hello","SYSLOG_IDENTIFIER":"node"}'), 'hello');
    assert.equal(
      journalLine(
        '{"MESSAGE":"Stopped","SYSLOG_IDENTIFIER":"systemd","__REALTIME_TIMESTAMP":"1700000000000000"}',
      ),
      '2023-11-14T22:13:20.000Z systemd: Stopped',
    );
    assert.equal(journalLine('{"MESSAGE":[104,105,255]}'), 'hi\ufffd');
    assert.equal(journalLine('{"MESSAGE":null}'), '');
    assert.equal(journalLine('-- No entries --'), undefined);
  });

  it('is asked for with fixed arguments', () => {
    const query = { lines: 5.5, follow: true, since: 1_700_000_000_500 };
    const args = journalArguments('x.service', 'user', query);
    assert.deepEqual(args.slice(0, 2), ['--user', '--user-unit=x.service']);
    for (const wanted of ['--lines=5', '--follow', '--since=@1700000000', '--no-pager'])
      assert.ok(args.includes(wanted));
  });
});
