import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ServiceSpec } from '@mainstay/core';
import * as fc from 'fast-check';
import { toCommandLine } from '../../src/windows/command-line.ts';
import { differences, missingSettings } from '../../src/windows/differences.ts';
import { endingText, explain } from '../../src/windows/failures.ts';
import { platformErrors } from '../../src/errors.ts';
import { directorySddl, normalizeDacl, serviceSid } from '../../src/windows/security.ts';
import {
  decodeFailureActions,
  decodeText,
  decodeTexts,
  encodeFailureActions,
  encodeText,
  encodeTexts,
} from '../../src/windows/service-config.ts';
import {
  decodeServiceStatusProcess,
  encodeServiceStatus,
  exitCodeOf,
  exitFields,
} from '../../src/windows/service-status.ts';
import { directorySettings, notesOf, settingsOf } from '../../src/windows/settings.ts';

const spec: ServiceSpec = {
  name: 'orders',
  displayName: 'Orders',
  description: 'Takes orders',
  executable: 'C:\\Program Files\\orders\\orders.exe',
  args: ['run'],
  scope: 'system',
  account: { type: 'virtual' },
  environment: {},
  dependencies: [],
  autoStart: true,
  delayedStart: true,
  recovery: { restart: 'on-failure', delayMs: 1_000, maxRestarts: 3, windowMs: 60_000 },
  startTimeoutMs: 90_000,
  stopTimeoutMs: 15_000,
  preshutdownTimeoutMs: 20_000,
  watchdogMs: 0,
  directories: {
    state: 'C:\\d\\orders\\state',
    logs: 'C:\\d\\orders\\logs',
    config: 'C:\\d\\orders\\config',
  },
};

describe('settings of a service', () => {
  it('are least privilege by default', () => {
    const settings = settingsOf(spec);
    assert.equal(settings.account, 'NT SERVICE\\orders');
    assert.equal(settings.sidType, 'unrestricted');
    assert.deepEqual(settings.requiredPrivileges, ['SeChangeNotifyPrivilege']);
    assert.equal(settings.startType, 'automatic (delayed)');
    assert.equal(settings.failureActionsFlag, true);
  });

  it('restart as often as asked for, then no more', () => {
    const { failureActions } = settingsOf(spec);
    const again = { type: 'restart', delayMs: 1_000 };
    assert.deepEqual(failureActions, {
      resetSeconds: 60,
      actions: [again, again, again, { type: 'none', delayMs: 0 }],
    });
  });

  it('never restart when nobody wants it', () => {
    const settings = settingsOf({ ...spec, recovery: { ...spec.recovery, restart: 'never' } });
    assert.deepEqual(settings.failureActions.actions, []);
    assert.equal(settings.failureActionsFlag, false);
  });

  it('say what the SCM cannot do', () => {
    const { recovery } = spec;
    assert.deepEqual(notesOf(spec), []);
    assert.match(notesOf({ ...spec, recovery: { ...recovery, restart: 'always' } }).join(), /stays stopped/);
    assert.match(notesOf({ ...spec, recovery: { ...recovery, maxRestarts: 1_000 } }).join(), /without end/);
  });

  it('name built-in accounts as the SCM does, and refuse those with a password', () => {
    // oxlint-disable-next-line unicorn/consistent-function-scoping -- belongs to this test
    const account = (name: string) => settingsOf({ ...spec, account: { type: 'named', name } }).account;
    assert.equal(account('localservice'), 'NT AUTHORITY\\LocalService');
    assert.equal(account('NT AUTHORITY\\NetworkService'), 'NT AUTHORITY\\NetworkService');
    assert.equal(account('LocalSystem'), 'LocalSystem');
    assert.equal(account('CORP\\orders$'), 'CORP\\orders$');
    assert.throws(() => account('CORP\\bob'), { code: 'MANAGER_INVALID_SPEC' });
  });

  it('refuse what Windows would misunderstand', () => {
    const bad: Partial<ServiceSpec>[] = [
      { name: 'a\\b' },
      { executable: 'orders.exe' },
      { executable: '\\\\server\\share\\orders.exe' },
      { executable: 'C:\\a"b.exe' },
      { environment: { 'A=B': 'c' } },
      { environment: { A: 'b\0c' } },
    ];
    for (const change of bad) {
      assert.throws(() => settingsOf({ ...spec, ...change }), { code: 'MANAGER_INVALID_SPEC' });
    }
  });

  it('protect the directories: config and their parent can only be read', () => {
    const sid = serviceSid('orders');
    assert.deepEqual(
      directorySettings(spec).map(({ path, dacl }) => [path, dacl.includes(`0x1301bf;;;${sid}`)]),
      [
        ['C:\\d\\orders', false],
        ['C:\\d\\orders\\state', true],
        ['C:\\d\\orders\\logs', true],
        ['C:\\d\\orders\\config', false],
      ],
    );
  });

  it('differ where they differ, and nowhere else', () => {
    const wanted = settingsOf(spec);
    assert.deepEqual(differences('orders', wanted, wanted), []);
    assert.deepEqual(differences('orders', wanted, { ...wanted, account: 'nt service\\ORDERS' }), []);
    const [change, ...others] = differences('orders', wanted, { ...wanted, startType: 'disabled' });
    assert.deepEqual(others, []);
    assert.deepEqual(change?.change, {
      what: 'orders: start type',
      before: 'disabled',
      after: 'automatic (delayed)',
    });
    const { sidType: _sidType, ...without } = wanted;
    assert.deepEqual(differences('orders', wanted, without), []);
    assert.match(missingSettings(without).join(), /"service SID"/);
  });
});

describe('the command line of a service', () => {
  it('always quotes the executable', () => {
    assert.equal(toCommandLine('C:\\Program Files\\x.exe', ['run']), '"C:\\Program Files\\x.exe" run');
    assert.equal(toCommandLine('C:\\x.exe', []), '"C:\\x.exe"');
  });

  it('comes apart into the same arguments again', () => {
    const argument = fc.string({ unit: fc.constantFrom('a', ' ', '"', '\\', 'ž', '\t') });
    fc.assert(
      fc.property(fc.array(argument), (args) => {
        assert.deepEqual(parse(toCommandLine('C:\\a b\\x.exe', args)), ['C:\\a b\\x.exe', ...args]);
      }),
    );
  });
});

/** The rules of MSDN, "Parsing C command-line arguments", without the doubled quotation mark that we never write. */
function parse(line: string): string[] {
  const args: string[] = [];
  let at = line.indexOf('"', 1);
  args.push(line.slice(1, at));
  at += 1;
  while (at < line.length) {
    while (/[ \t]/.test(line.charAt(at))) at += 1;
    if (at >= line.length) break;
    let argument = '';
    let quoted = false;
    for (; at < line.length && (quoted || !/[ \t]/.test(line.charAt(at))); at += 1) {
      const slashes = /^\\*/.exec(line.slice(at))?.[0].length ?? 0;
      const next = line.charAt(at + slashes);
      if (next === '"') {
        argument += '\\'.repeat(Math.floor(slashes / 2));
        if (slashes % 2 === 1) argument += '"';
        else quoted = !quoted;
        at += slashes;
      } else if (slashes > 0) {
        argument += '\\'.repeat(slashes);
        at += slashes - 1;
      } else argument += line.charAt(at);
    }
    args.push(argument);
  }
  return args;
}

describe('structures of the SCM', () => {
  // Any address will do, as long as pointers and buffer agree.
  const base = 0x7f00_0000_1000n;
  const addressOf = () => base;

  it('failure actions survive the way there and back', () => {
    const action = fc.record(
      { type: fc.constantFrom('none' as const, 'restart' as const), delayMs: fc.nat() },
      { noNullPrototype: true },
    );
    fc.assert(
      fc.property(fc.nat(), fc.array(action, { maxLength: 20 }), (resetSeconds, actions) => {
        const buffer = encodeFailureActions({ resetSeconds, actions }, addressOf);
        assert.deepEqual(decodeFailureActions(buffer, base), { resetSeconds, actions });
        assert.notEqual(buffer.readBigUInt64LE(32), 0n, 'a null pointer would leave the actions as they are');
      }),
    );
  });

  it('texts and lists survive it too', () => {
    assert.equal(decodeText(encodeText('žluťoučký 日本', addressOf), base), 'žluťoučký 日本');
    assert.deepEqual(decodeTexts(encodeTexts(['a', 'b c'], addressOf), base), ['a', 'b c']);
    assert.deepEqual(decodeTexts(encodeTexts([], addressOf), base), []);
  });

  it('a status is what MSDN says it is', () => {
    const given = {
      state: 'stop-pending',
      controlsAccepted: 5,
      exitCode: 1066,
      specificExitCode: 3,
      checkpoint: 9,
      waitHint: 10_000,
    } as const;
    const buffer = encodeServiceStatus(given);
    assert.deepEqual([...new Uint32Array(new Uint8Array(buffer).buffer)], [0x10, 3, 5, 1066, 3, 9, 10_000]);
    const withPid = Buffer.concat([buffer, Buffer.from([42, 0, 0, 0, 0, 0, 0, 0])]);
    assert.deepEqual(decodeServiceStatusProcess(withPid), { ...given, pid: 42 });
  });

  it('an exit code is told in the way that makes recovery run', () => {
    assert.deepEqual(exitFields(0), { exitCode: 0, specificExitCode: 0 });
    assert.deepEqual(exitFields(70), { exitCode: 1066, specificExitCode: 70 });
    // oxlint-disable-next-line unicorn/consistent-function-scoping -- belongs to this test
    const code = (exitCode: number, specificExitCode = 0) =>
      exitCodeOf({
        state: 'stopped',
        controlsAccepted: 0,
        exitCode,
        specificExitCode,
        checkpoint: 0,
        waitHint: 0,
      });
    assert.deepEqual(
      [code(0), code(1066, 70), code(1067), code(1077), code(5)],
      [0, 70, undefined, undefined, 5],
    );
    assert.equal(endingText(0, 0), undefined);
    assert.match(endingText(1067, 0) ?? '', /unexpectedly/);
  });
});

describe('permissions', () => {
  it('the SID of a service is the one that `sc showsid` prints', () => {
    // MSDN and sc.exe agree on this one for TrustedInstaller.
    assert.equal(
      serviceSid('TrustedInstaller'),
      'S-1-5-80-956008885-3418522649-1831038044-1853292631-2271478464',
    );
  });

  it('are the same in whatever spelling Windows gives them back', () => {
    const wanted = directorySddl('S-1-5-80-1', 'modify');
    const given = 'D:PAI(A;OICI;0x1301bf;;;S-1-5-80-1)(A;OICI;0x1f01ff;;;BA)(A;OICI;FA;;;SY)';
    assert.equal(normalizeDacl(given), normalizeDacl(wanted));
    assert.notEqual(normalizeDacl(given.replace('D:PAI', 'D:AI')), normalizeDacl(wanted));
    assert.notEqual(normalizeDacl(`${given}(A;OICI;FA;;;WD)`), normalizeDacl(wanted));
  });
});

describe('errors of Windows', () => {
  const codes: Record<number, string> = {
    5: 'MANAGER_NO_PRIVILEGE',
    1053: 'MANAGER_START_FAILED',
    1060: 'MANAGER_NOT_INSTALLED',
    1061: 'MANAGER_CONTROL_REFUSED',
    1062: 'MANAGER_NOT_RUNNING',
    1069: 'MANAGER_START_FAILED',
    1072: 'MANAGER_MARKED_FOR_DELETION',
    120: 'MANAGER_CONTROL_REFUSED',
  };
  for (const [code, expected] of Object.entries(codes)) {
    it(`${code} is ${expected}, and names the service`, () => {
      const raw = platformErrors.error('WINDOWS_CALL_FAILED', 'X failed', {
        details: { code: Number(code) },
      });
      const error = explain('orders', raw) as Error & { code: string };
      assert.equal(error.code, expected);
      assert.match(error.message, new RegExp(`orders.*\\(Windows error ${code}\\)$`));
    });
  }

  it('an unknown one stays what it is', () => {
    const raw = platformErrors.error('WINDOWS_CALL_FAILED', 'X failed', { details: { code: 4711 } });
    assert.equal(explain('orders', raw), raw);
  });
});
