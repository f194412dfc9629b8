import { countedLines, readLogFiles } from '../fault/world/index.ts';

/** One reading of a pipe, in bytes, which an agent that is killed may have in its hands. */
const inHandBytes = 64 * 1024;

export interface LineFindings {
  /** Whole lines that are on disk. */
  readonly found: number;
  /** What programs have counted. */
  readonly counted: number;
  /** In gaps that a killed agent explains. */
  readonly lostInHand: number;
  /** What nothing explains, for people. */
  readonly problems: readonly string[];
}

/**
 * Compares what a writer has counted with what is on disk.
 *
 * @param mayLackOldest a full disk has cost the oldest files
 * @param agentWasKilled a reading may be missing, where one was under way
 */
export function checkLines(of: {
  readonly logs: string;
  readonly service: string;
  readonly countFile: string;
  readonly mayLackOldest: boolean;
  readonly agentWasKilled: boolean;
}): LineFindings {
  const { logs, service, countFile, mayLackOldest, agentWasKilled } = of;
  const counts = countedLines(countFile);
  const problems: string[] = [];
  const lines = readLogFiles(logs, service).filter(({ stream }) => stream === 'stdout');
  const last = new Map<number, number>();
  const firstRun = lines[0]?.run ?? Infinity;
  let lostInHand = 0;
  for (const { run, text } of lines) {
    const number = numberOf(text);
    // The end of a run, or the end of a gap; the count says whether that is all.
    if (number === undefined) continue;
    const before = last.get(run) ?? (mayLackOldest && run === firstRun ? number - 1 : 0);
    last.set(run, number);
    if (number === before + 1) continue;
    const lost = number - before - 1;
    if (lost > 0 && agentWasKilled && lost * text.length <= inHandBytes + text.length) lostInHand += lost;
    else problems.push(`${service}#${run}: line ${number} comes after line ${before}`);
  }
  for (const [run, counted] of counts) {
    const missing = counted - (last.get(run) ?? 0);
    if (missing <= 0 || (mayLackOldest && run < firstRun)) continue;
    if (agentWasKilled && missing * 73 <= inHandBytes) lostInHand += missing;
    else problems.push(`${service}#${run}: the last ${missing} of ${counted} lines are missing`);
  }
  const counted = [...counts.values()].reduce((sum, count) => sum + count, 0);
  return { found: lines.length, counted, lostInHand, problems };
}

/** Of fixtures/writer.mjs; undefined for a line that was cut. */
function numberOf(text: string): number | undefined {
  const match = /^(\d+) [a-j]{60} (\d+)$/.exec(text);
  return match && match[1] === match[2] ? Number(match[1]) : undefined;
}
