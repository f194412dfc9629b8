import { type ChildProcess, spawn } from 'node:child_process';

import type { AlertTarget } from '@mainstay/supervisor';

import type { Alert } from '../alert.ts';
import { alertErrors } from '../errors.ts';
import { textOf } from './text.ts';
import type { AlertSink } from './types.ts';

/** What is kept of the command's own messages, in characters. */
const maxWords = 500;

/** Runs the command with the alert as JSON on standard input and as MAINSTAY_ALERT_* variables; 0 means that it arrived. */
export function commandSink(
  { command }: Extract<AlertTarget, { type: 'command' }>,
  environment: Readonly<Record<string, string>>,
): AlertSink {
  const [file = '', ...args] = command;
  return {
    target: `command ${file}`,
    send: (alert, signal) =>
      new Promise((resolve, reject) => {
        // A group of its own, so that what hangs is killed with what it has started.
        const child = spawn(file, args, {
          env: { ...environment, ...variablesOf(alert) },
          stdio: ['pipe', 'ignore', 'pipe'],
          detached: process.platform !== 'win32',
          windowsHide: true,
        });
        let words = '';
        child.stderr?.setEncoding('utf8').on('data', (text: string) => {
          words = (words + text).slice(-maxWords);
        });
        const kill = () => killGroup(child);
        signal.addEventListener('abort', kill, { once: true });
        const failed = (what: string, cause?: Error) => {
          const message = [`The command ${file} ${what}`, words.trim()].filter(Boolean).join(': ');
          reject(alertErrors.error('ALERT_COMMAND_FAILED', message, cause && { cause }));
        };
        child.on('error', (error) => {
          signal.removeEventListener('abort', kill);
          failed(`could not be started: ${error.message}`, error);
        });
        child.on('exit', (code, by) => {
          signal.removeEventListener('abort', kill);
          child.stderr?.destroy();
          if (code === 0) resolve();
          else failed(by === null ? `ended with exit code ${code}` : `was ended by ${by}`);
        });
        // A command that does not read its input is well, too.
        child.stdin?.on('error', () => undefined);
        child.stdin?.end(`${JSON.stringify(alert)}\n`);
        if (signal.aborted) kill();
      }),
  };
}

function killGroup(child: ChildProcess): void {
  if (process.platform === 'win32' || child.pid === undefined) {
    child.kill('SIGKILL');
    return;
  }
  try {
    process.kill(-child.pid, 'SIGKILL');
  } catch {
    // It has ended meanwhile.
  }
}

function variablesOf(alert: Alert): Record<string, string> {
  return {
    MAINSTAY_ALERT_STATUS: alert.status,
    MAINSTAY_ALERT_KIND: alert.kind,
    MAINSTAY_ALERT_KEY: alert.key,
    MAINSTAY_ALERT_SERVICE: alert.service ?? '',
    MAINSTAY_ALERT_INSTANCE: alert.instance === undefined ? '' : String(alert.instance),
    MAINSTAY_ALERT_TITLE: alert.title,
    MAINSTAY_ALERT_MESSAGE: alert.message.replaceAll('\0', ''),
    MAINSTAY_ALERT_SINCE: alert.since,
    MAINSTAY_ALERT_AT: alert.at,
    MAINSTAY_ALERT_HOST: alert.host,
    MAINSTAY_ALERT_COUNT: String(alert.count),
    MAINSTAY_ALERT_TEXT: textOf(alert).replaceAll('\0', ''),
  };
}
