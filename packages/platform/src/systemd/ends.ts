import { constants } from 'node:os';
import type { ManagedEnd } from '@mainstay/core';
import { readText } from '../files/read-text.ts';
import { formatCommand } from './unit-syntax.ts';

/*
 * systemd forgets how a unit ended when it starts it again, and all of a unit that is stopped and wanted by nobody. So
 * each unit notes its own end, in the variables that ExecStopPost= is given (systemd.exec(5), $SERVICE_RESULT).
 */

const script =
  'printf "%s %s %s %s\\n" "$INVOCATION_ID" "$SERVICE_RESULT" "$EXIT_CODE" "$EXIT_STATUS" >>"$1"';

/** The command that adds a line to the file. */
export function formatEndCommand(file: string): string {
  return formatCommand('/bin/sh', ['-c', script, 'sh', file]);
}

/** Reads what units have noted; a line that is damaged is left out. None when there is no file. */
export async function readEnds(file: string): Promise<ManagedEnd[]> {
  return parseEnds((await readText(file)) ?? '');
}

/** Pure. */
export function parseEnds(text: string): ManagedEnd[] {
  return text.split('\n').flatMap((line) => {
    const [run, result, code, status = ''] = line.split(' ');
    if (run === undefined || result === undefined || code === undefined || !/^[0-9a-f]{32}$/.test(run))
      return [];
    return [
      {
        run,
        exitCode: code === 'exited' && /^\d+$/.test(status) ? Number(status) : undefined,
        exitSignal: code === 'killed' || code === 'dumped' ? signalName(status) : undefined,
        outOfMemory: result === 'oom-kill',
      },
    ];
  });
}

/** systemd says `KILL`; for a real-time signal a number. */
function signalName(status: string): string {
  const name = `SIG${status}`;
  return name in constants.signals ? name : `signal ${status}`;
}
