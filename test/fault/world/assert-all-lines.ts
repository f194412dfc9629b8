import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';

import { type LoggedLine, readLogFiles } from './log-files.ts';

/** What fixtures/writer.mjs writes. */
const numbered = /^(\d+) [a-j]{60} (\d+)$/;

/** What one writer has counted of a run. */
export function countedLines(countFile: string): ReadonlyMap<number, number> {
  const counts = new Map<number, number>();
  if (!existsSync(dirname(countFile))) return counts;
  const prefix = `${basename(countFile)}.`;
  for (const name of readdirSync(dirname(countFile)))
    if (name.startsWith(prefix))
      counts.set(
        Number(name.slice(prefix.length)),
        Number(readFileSync(join(dirname(countFile), name), 'utf8')) || 0,
      );
  return counts;
}

export interface ExpectedLines {
  readonly logs: string;
  readonly service: string;
  readonly instance?: number;
  readonly countFile: string;
  /** Runs whose agent was killed: what it had in its hands, read and not written yet, is gone with it. */
  readonly agentKilledIn?: readonly number[];
}

/** One reading of a pipe, in bytes: more than that an agent never has in its hands. */
const inHandBytes = 64 * 1024;

/**
 * Every line that the runs of a writer have counted is in the log, in order, whole and once. After the counted ones there
 * may be more of the block that was being written at the end, the last of them cut by the end of the program. Where the
 * agent was killed, one gap of at most one reading is counted in place of its lines.
 *
 * @returns how many whole lines there are, by run
 */
export function assertAllLines(expected: ExpectedLines): ReadonlyMap<number, number> {
  const { logs, service, instance = 0, countFile, agentKilledIn = [] } = expected;
  const found = new Map<number, LoggedLine[]>();
  for (const line of readLogFiles(logs, service, instance)) {
    if (line.stream !== 'stdout') continue;
    const ofRun = found.get(line.run);
    if (ofRun) ofRun.push(line);
    else found.set(line.run, [line]);
  }
  const whole = new Map<number, number>();
  const counts = countedLines(countFile);
  assert.ok(counts.size > 0, `no writer has counted in ${countFile}`);
  for (const [run, counted] of counts) {
    const lines = found.get(run) ?? [];
    whole.set(run, assertSequence(lines, `${service}/${instance}#${run}`, agentKilledIn.includes(run)));
    assert.ok(
      (whole.get(run) ?? 0) >= counted,
      `${service}/${instance}#${run} wrote ${counted} lines, and ${whole.get(run) ?? 0} are in its log`,
    );
  }
  return whole;
}

function assertSequence(lines: readonly LoggedLine[], what: string, mayHaveGap: boolean): number {
  let number = 0;
  let isWhole = !mayHaveGap;
  for (const [at, { text }] of lines.entries()) {
    const isLast = at === lines.length - 1;
    // The program was ended within this line.
    if (isLast && isTorn(text, number + 1)) return number;
    if (!isWhole && text !== lineOf(number + 1)) {
      isWhole = true;
      number = afterGap({ text, next: lines[at + 1]?.text, number, what });
      continue;
    }
    number += 1;
    assert.equal(text, lineOf(number), `line ${number} of ${what}`);
  }
  // What was in the agent's hands at its death may have been the last.
  return isWhole ? number : number + Math.floor(inHandBytes / lineOf(number).length);
}

/** The first line after the gap may have lost its beginning. */
function afterGap(of: {
  readonly text: string;
  readonly next: string | undefined;
  readonly number: number;
  readonly what: string;
}): number {
  const { text, next, number, what } = of;
  const found = Number(numbered.exec(text)?.[2] ?? Number(numbered.exec(next ?? '')?.[1]) - 1);
  assert.ok(found > number, `after line ${number} of ${what} comes ${JSON.stringify(text)}`);
  const lost = (found - number) * lineOf(found).length;
  assert.ok(
    lost <= inHandBytes + lineOf(found).length,
    `${lost} bytes after line ${number} of ${what} are lost`,
  );
  return found;
}

const lineOf = (number: number): string => `${number} ${'abcdefghij'.repeat(6)} ${number}`;

function isTorn(text: string, number: number): boolean {
  const wanted = lineOf(number);
  return text.length < wanted.length && wanted.startsWith(text);
}
